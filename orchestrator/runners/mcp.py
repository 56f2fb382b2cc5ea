"""MCP servers as engines' programs want them told, and what a server said that did not come up.

Programs pass on to the servers what they were told themselves, credentials included. So a server is started by way of a
shell that forgets those first; and that keeps what the server complains about, which no program shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from orchestrator.definition.model import JsonValue
from orchestrator.lifecycle.ports.runner import McpServer
from orchestrator.runners.addresses import address
from orchestrator.runners.engine import Host

START_SECONDS: Final = 60
"""How long a server may take to come up, on a machine that starts a dozen of them at once."""

_SHELL: Final = "/bin/sh"
_FILE: Final = "mcp-{name}.log"
_CHARACTERS: Final = 500
_END_BYTES: Final = 10_000


def mcp_servers(servers: Iterable[McpServer], home: Path, hidden: Iterable[str] = ()) -> dict[str, JsonValue]:
    """The servers by name, as `mcpServers` of Claude Code and most other programs has them.

    Programs do not find the variables `hidden` in their environment, unless they are their own. Complaints go into
    files in `home`.
    """
    names = sorted(hidden)
    return {server.name: _program(server, home, names) if server.command else _address(server) for server in servers}


def mcp_config(servers: Iterable[McpServer], home: Path, hidden: Iterable[str] = ()) -> str:
    """The JSON of a configuration file; it holds secrets."""
    return json.dumps({"mcpServers": mcp_servers(servers, home, hidden)})


def codex_servers(servers: Iterable[McpServer], home: Path, listed: Sequence[str] = ()) -> dict[str, JsonValue]:
    """Entries of Codex's `config.toml`; they hold secrets. Codex does not start without a server that is `required`,
    asks nobody before a call that is approved, and hands nothing of its own environment on."""
    return {f"mcp_servers.{server.name}": _for_codex(server, home, listed) for server in servers}


def allowed_tools(servers: Iterable[McpServer], listed: Sequence[str] = ()) -> list[str]:
    """What allows all tools of the servers, in Claude Code's words, beside the tools `listed`; of a server whose tools
    stand among those, there are no others."""
    return [
        f"mcp__{server.name}"
        for server in servers
        if f"mcp__{server.name}" not in listed and not any(_is_of(tool, server) for tool in listed)
    ]


def hosts(servers: Iterable[McpServer]) -> list[Host]:
    """What the servers must reach."""
    urls = [url for server in servers for url in (server.url, *(f"https://{host}" for host in server.hosts)) if url]
    return [found for url in urls if (found := address(url))]


def last_words(servers: Iterable[McpServer], home: Path) -> list[str]:
    """What each server complained about last, with its name."""
    said = {server.name: _last_line(home / _FILE.format(name=server.name)) for server in servers}
    return [f"{name}: {line}" for name, line in said.items() if line]


def _program(server: McpServer, home: Path, hidden: Sequence[str]) -> dict[str, JsonValue]:
    return {"type": "stdio", **_started(server, home, [name for name in hidden if name not in server.env])}


def _address(server: McpServer) -> dict[str, JsonValue]:
    return {"type": "http", "url": server.url, "headers": dict(server.headers)}


def _for_codex(server: McpServer, home: Path, listed: Sequence[str]) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {"url": server.url, "http_headers": dict(server.headers)}
    if server.command:
        told = _started(server, home, ())
    named: list[JsonValue] = [tool.removeprefix(f"mcp__{server.name}__") for tool in listed if _is_of(tool, server)]
    only: dict[str, JsonValue] = {"enabled_tools": named} if named else {}
    waiting: dict[str, JsonValue] = {"required": True, "startup_timeout_sec": START_SECONDS}
    return {**told, **only, **waiting, "default_tools_approval_mode": "approve"}


def _is_of(tool: str, server: McpServer) -> bool:
    return tool.startswith(f"mcp__{server.name}__")


def _started(server: McpServer, home: Path, hidden: Sequence[str]) -> dict[str, JsonValue]:
    forgetting = f"unset {' '.join(hidden)}; " if hidden else ""
    script = f'{forgetting}exec 2>"$0"; exec "$@"'
    words = ["-c", script, str(home / _FILE.format(name=server.name)), server.command, *server.args]
    return {"command": _SHELL, "args": [*words], "env": dict(server.env)}


def _last_line(file: Path) -> str:
    try:
        with file.open("rb") as said:
            said.seek(max(0, file.stat().st_size - _END_BYTES))
            lines = said.read(_END_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.strip()[:_CHARACTERS] for line in reversed(lines) if line.strip()), "")
