"""What an agent's program reaches when it is confined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from orchestrator.lifecycle.ports.runner import McpServer, Task
from orchestrator.runners import mcp
from orchestrator.runners.engine import Host
from orchestrator.runners.jail import Reach
from orchestrator.runners.toolchain import installation, toolchain

FOLDERS: Final = ("MYCELIUM_HOME_DIR", "MYCELIUM_CACHE_DIR")


def agent_reach(
    task: Task,
    *,
    program: Path,
    home: Path,
    environ: Mapping[str, str],
    credentials: Mapping[str, str],
    hosts: Iterable[Host],
) -> Reach:
    """Its workspace, `home` and `TMPDIR`; what git borrows, the program itself, and the tools that `environ`, the
    worker's environment, names; files that `credentials` name; and `hosts`, where its model is. What else the worker
    and its repository have is hidden, even where it lies among the system's programs, as below `/opt`."""
    own = Path(environ.get("HOME") or Path.home())
    folders = [Path(environ[name]) for name in FOLDERS if environ.get(name, "").startswith("/")]
    files = [Path(value) for value in credentials.values() if value.startswith("/") and Path(value).is_file()]
    return Reach(
        workspace=task.workspace,
        writable=(home, task.temp),
        readable=(*task.borrowed, *files, *installation(program, environ, own), *toolchain(environ, own)),
        hidden=(own, *folders, task.workspace.parents[1], *(_repository(store) for store in task.borrowed)),
        hosts=tuple(hosts),
    )


def with_servers(reach: Reach, servers: Iterable[McpServer]) -> Reach:
    """`reach`, and what the MCP servers need: they run where the agent does."""
    servers = tuple(servers)
    seen = tuple(path for server in servers for path in server.readable)
    return replace(reach, readable=(*reach.readable, *seen), hosts=(*reach.hosts, *mcp.hosts(servers)))


def _repository(store: Path) -> Path:
    """The folder of the repository that a store of objects belongs to, with the files beside it."""
    return store.parents[1] if store.parent.name == ".git" else store.parent
