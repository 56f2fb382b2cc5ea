"""What an agent's program reaches when it is confined."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def with_servers(reach: Reach, servers: Sequence[McpServer], environ: Mapping[str, str]) -> Reach:
    """`reach`, and what the MCP servers need: they run where the agent does. Their programs, and files that their words
    name, were named by whoever wrote `mycelium.yaml`."""
    seen = [path for server in servers for path in (*server.readable, *_of_server(server, environ))]
    return replace(reach, readable=(*reach.readable, *seen), hosts=(*reach.hosts, *mcp.hosts(servers)))


def _of_server(server: McpServer, environ: Mapping[str, str]) -> Iterator[Path]:
    if program := shutil.which(server.command, path=environ.get("PATH")) if server.command else None:
        yield from installation(Path(program), environ, Path(environ.get("HOME") or Path.home()))
    yield from (Path(word) for word in server.args if word.startswith("/") and Path(word).is_file())


def _repository(store: Path) -> Path:
    """The folder of the repository that a store of objects belongs to, with the files beside it."""
    return store.parents[1] if store.parent.name == ".git" else store.parent
