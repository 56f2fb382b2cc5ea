"""`make demo ENGINE=claude`: the real Claude Code, and a scripted model that does what the transcripts do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from tests.fakes.claude_cli import PROGRAM, needs_claude
from tests.fakes.model_server import Asked, ModelServer, Turn, call, model_server, say

pytestmark = [
    needs_claude,
    pytest.mark.skipif(
        not os.environ.get("ALL_ENGINES"),
        reason="half a minute; `make engines` does it (the demo with transcripts, and Claude alone, have tests here)",
    ),
]

REPOSITORY = Path(__file__).resolve().parents[2]
TRANSCRIPTS = REPOSITORY / "workflows" / "demo" / "three-agents.replay"
KEY = f"sk-ant-{token_hex(16)}"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo-with-claude")
    _git(folder, "clone", "--quiet", str(REPOSITORY), "clone")
    return folder / "clone"


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    with model_server(_next_turn) as server:
        yield server


@pytest.fixture(scope="module")
def demo(clone: Path, model: ModelServer) -> dict[str, Any]:
    """The finished execution as JSON, with what the terminal showed as `shown`, and the `experience` of each agent."""
    # The packages of this environment will do: `-o setup` has make believe that they were just installed.
    (clone / ".venv").symlink_to(sys.prefix)
    bin_folder = clone.parent / "bin"
    bin_folder.mkdir()
    (bin_folder / "claude").symlink_to(Path(PROGRAM).resolve())
    environ = {
        "HOME": str(clone.parent),
        "LC_ALL": "C.UTF-8",
        "PATH": f"{bin_folder}:/usr/local/bin:/usr/bin:/bin",
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": model.url,
    }
    run = partial(subprocess.run, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    done = run(["make", "-o", "setup", "demo", "ENGINE=claude"], cwd=clone)
    assert done.returncode == 0, done.stdout + done.stderr
    mycelium = [sys.executable, "-P", "-m", "orchestrator.cli"]
    where = clone / ".mycelium" / "demo"
    execution = run([*mycelium, "executions", "show", "latest", "--json"], cwd=where)
    agents = run([*mycelium, "agents", "list", "--stats", "--json"], cwd=where)
    return {
        **json.loads(execution.stdout),
        "shown": done.stdout + done.stderr,
        "experience": {agent["id"]: agent["experience"] for agent in json.loads(agents.stdout)},
    }


def test_it_ends_where_the_replay_ends(demo: dict[str, Any], clone: Path) -> None:
    assert set(demo["node_statuses"].values()) == {"completed"}
    assert not demo["replayed"]
    assert "no model was called" not in demo["shown"]
    assert "To look around in it" in demo["shown"]
    where = clone / ".mycelium" / "demo"
    merged = _git(where, "show", f"{demo['result_branch']}:orchestrator/report/duration.py")
    assert merged.startswith('"""Durations as people read them, from `0.4s` to `2w 3d`."""')
    assert '("w", 604_800)' in merged
    authors = _git(where, "log", "--format=%an", f"{demo['base']}..{demo['result_branch']}")
    assert all(agent in authors for agent in ("python-pro", "documentation-engineer", "test-writer"))


def test_what_the_agents_did_is_remembered(demo: dict[str, Any], clone: Path) -> None:
    runs = {agent: known["runs"] for agent, known in demo["experience"].items() if known}
    by_node = Counter(run["node"] for run in demo["node_runs"] if run["usage"])
    assert sum(runs.values()) == by_node.total()
    assert runs["python-pro"] == 2, "it worked on a node, and resolved a conflict"
    known = demo["experience"]["python-pro"]
    assert known["outcomes"] == {"success": known["attempts"]}
    assert known["cost_usd"]["total"] > 0
    assert known["tokens"]["output"] > 0
    assert known["files_changed"]["median"] > 0
    page = (clone / ".mycelium" / "demo" / ".mycelium" / "site" / "agents.html").read_text(encoding="utf-8")
    assert 'id="agent-python-pro"' in page
    assert f'href="executions/{demo["id"]}/index.html"' in page


def test_the_key_is_nowhere(demo: dict[str, Any], clone: Path, model: ModelServer) -> None:
    assert {asked.headers["x-api-key"] for asked in model.asked} == {KEY}
    assert KEY not in json.dumps(demo)
    assert not [file for file in clone.parent.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()]


def _next_turn(asked: Asked) -> Turn:
    found = re.search(r"You work on node `(\w+)`", asked.prompt)
    assert found, asked.prompt
    lines = (TRANSCRIPTS / f"{found[1]}.jsonl").read_text(encoding="utf-8").splitlines()
    scripted = [turn for line in lines for turn in _turns(json.loads(line), "StructuredOutput" in asked.tools)]
    return scripted[min(asked.turn, len(scripted) - 1)]


def _turns(event: dict[str, Any], answers: bool) -> list[Turn]:
    """What a model would do to the same effect: it reads a file before it changes it."""
    match event:
        case {"type": "edit", "path": path, "old": old, "new": new}:
            edit = call("Edit", file_path=path, old_string=old, new_string=new)
            return [say(call("Read", file_path=path)), say(edit)]
        case {"type": "resolve", "path": path, "content": content}:
            return [say(call("Read", file_path=path)), say(call("Write", file_path=path, content=content))]
        case {"type": "write", "path": path, "content": content}:
            return [say(call("Write", file_path=path, content=content))]
        case {"type": "result", "text": text, **rest}:
            answer = rest.get("answer")
            return [
                say(text, call("StructuredOutput", **answer)) if answers and isinstance(answer, dict) else say(text)
            ]
    return []


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout
