"""What an agent's program reaches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orchestrator.lifecycle.ports.runner import AgentTask, McpServer
from orchestrator.runners.agent_reach import agent_reach, with_servers
from orchestrator.runners.bwrap import Shown, View, shown_inside
from orchestrator.runners.jail import Reach
from tests.fakes.running import REVIEWER, task


def reach(folder: Path, **changes: object) -> Reach:
    """Of a worker that lives below `folder`, with its repository, its cache and its tools."""
    for name in ("repository/.git/objects", "repository/.venv/bin", "cache/repositories/r/workspaces/mine", "bin"):
        (folder / name).mkdir(parents=True)
    for name in ("repository/.env", "repository/.venv/pyvenv.cfg", "key.json", "bin/agent"):
        (folder / name).touch()
    cache = folder / "cache/repositories/r"
    (cache / "mirror.git/objects").mkdir(parents=True)
    action = AgentTask(definition=REVIEWER, engine="claude", prompt="")
    todo = task(folder, action, workspace=cache / "workspaces/mine")
    borrowed = (cache / "mirror.git/objects", folder / "repository/.git/objects")
    return agent_reach(
        replace(todo, borrowed=borrowed),
        program=folder / "bin/agent",
        home=folder / "scratch/home",
        environ={
            "HOME": str(folder / "home"),
            "PATH": f"{folder}/repository/.venv/bin:/usr/bin",
            "MYCELIUM_CACHE_DIR": str(folder / "cache"),
            "MYCELIUM_HOME_DIR": ".mycelium",
        },
        credentials={"GOOGLE_APPLICATION_CREDENTIALS": str(folder / "key.json"), "AWS_PROFILE": "default"},
        hosts=[("api.example.com", 443)],
    )


def test_it_has_its_folders_its_program_its_tools_and_its_model(tmp_path: Path) -> None:
    given = reach(tmp_path)
    assert given.writable == (tmp_path / "scratch/home", tmp_path / "tmp")
    assert {tmp_path / "bin", tmp_path / "repository/.venv", tmp_path / "key.json"} <= set(given.readable)
    assert given.hosts == (("api.example.com", 443),)


def test_all_else_is_hidden_although_everything_around_shows(tmp_path: Path) -> None:
    given = reach(tmp_path)
    view = View(
        workspace=given.workspace,
        writable=given.writable,
        readable=(tmp_path, *given.readable),
        hidden=given.hidden,
    )
    assert {path: how for path, how in shown_inside(view) if path.is_relative_to(tmp_path)} == {
        tmp_path: Shown.READABLE,
        tmp_path / "cache": Shown.HIDDEN,
        tmp_path / "repository": Shown.HIDDEN,
        tmp_path / "repository/.venv": Shown.READABLE,
        tmp_path / "repository/.git/objects": Shown.READABLE,
        tmp_path / "cache/repositories/r/mirror.git/objects": Shown.READABLE,
        tmp_path / "cache/repositories/r/workspaces/mine": Shown.WRITABLE,
        tmp_path / "scratch/home": Shown.WRITABLE,
        tmp_path / "tmp": Shown.WRITABLE,
    }


def test_its_mcp_servers_reach_what_they_need(tmp_path: Path) -> None:
    given = reach(tmp_path)
    program = tmp_path / "tools/bin/docs-mcp"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    servers = [
        McpServer(name="docs", command="docs-mcp", hosts=("docs.example.com", "*.example.org:8443")),
        McpServer(name="redis", command="/usr/bin/redis-mcp", readable=(tmp_path / "socket",)),
        McpServer(name="far", url="https://mcp.example.net/x"),
        McpServer(name="none", command="no-such-program"),
    ]
    wider = with_servers(given, servers, {"PATH": str(program.parent), "HOME": str(tmp_path / "home")})
    assert wider.readable == (*given.readable, program.parent, tmp_path / "socket")
    assert wider.hosts[1:] == (("docs.example.com", 443), ("*.example.org", 8443), ("mcp.example.net", 443))
