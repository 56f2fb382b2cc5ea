"""How programs are told of MCP servers: as JSON, in Codex's configuration, and by the tools that are allowed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.lifecycle.ports import McpServer
from orchestrator.runners.mcp import allowed_tools, codex_servers, hosts, last_words, mcp_config

DOCS = McpServer(name="docs", command="docs-mcp", args=("--quiet",), env={"TOKEN": "t", "KEPT": "k"})
TRACKER = McpServer(
    name="tracker", url="https://mcp.example/mcp", headers={"Authorization": "Bearer t"}, hosts=("login.example:8443",)
)
HOME = Path("/home-of-it")


def told(*servers: McpServer, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(mcp_config(servers, HOME, hidden))["mcpServers"]
    return found


def test_a_program_is_started_by_way_of_a_shell_that_forgets_and_keeps_complaints() -> None:
    started = told(DOCS, hidden=("SECRET", "KEPT"))["docs"]
    assert (started["type"], started["command"], started["env"]) == ("stdio", "/bin/sh", {"TOKEN": "t", "KEPT": "k"})
    assert started["args"][0] == "-c"
    assert started["args"][1] == 'unset SECRET; exec 2>"$0"; exec "$@"'
    assert started["args"][2:] == ["/home-of-it/mcp-docs.log", "docs-mcp", "--quiet"]


def test_an_address_is_called() -> None:
    headers = {"Authorization": "Bearer t"}
    assert told(TRACKER) == {"tracker": {"type": "http", "url": "https://mcp.example/mcp", "headers": headers}}


def test_codex_does_not_start_without_them() -> None:
    servers: dict[str, Any] = codex_servers([DOCS, TRACKER], HOME, ("Read", "mcp__docs__find", "mcp__docs__read"))
    assert list(servers) == ["mcp_servers.docs", "mcp_servers.tracker"]
    assert all(server["required"] for server in servers.values())
    assert servers["mcp_servers.docs"]["enabled_tools"] == ["find", "read"]
    assert servers["mcp_servers.tracker"]["http_headers"] == {"Authorization": "Bearer t"}
    assert "enabled_tools" not in servers["mcp_servers.tracker"]


@pytest.mark.parametrize(
    ("listed", "allowed"),
    [
        ((), ["mcp__docs", "mcp__tracker"]),
        (("Read", "mcp__docs"), ["mcp__tracker"]),
        (("mcp__docs__find",), ["mcp__tracker"]),
        (("mcp__documents__find",), ["mcp__docs", "mcp__tracker"]),
    ],
)
def test_all_tools_of_a_server_are_allowed_unless_some_are_listed(listed: tuple[str, ...], allowed: list[str]) -> None:
    assert allowed_tools([DOCS, TRACKER], listed) == allowed


def test_the_hosts_that_servers_must_reach() -> None:
    assert hosts([DOCS, TRACKER]) == [("mcp.example", 443), ("login.example", 8443)]


def test_the_last_words_of_each(tmp_path: Path) -> None:
    (tmp_path / "mcp-docs.log").write_bytes(b"Traceback\nno such file\xff\n\n")
    (tmp_path / "mcp-tracker.log").write_text("\n")
    assert last_words([DOCS, TRACKER], tmp_path) == ["docs: no such file\ufffd"]


def test_secrets_show_in_no_representation() -> None:
    assert "Bearer" not in repr(TRACKER)
    assert "'t'" not in repr(DOCS)
