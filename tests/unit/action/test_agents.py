"""Coding agents that a job needs: which, and with which lock."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from action import agents
from orchestrator.definition.parse import load_workflow
from orchestrator.errors import BadInput, SetupError
from orchestrator.runners.guards.kernel import LINUX

FLOW = """
inputs: {engine: {default: claude}}
nodes:
  one: {agent: a, engine: "${{ inputs.engine }}", prompt: x}
  two: {agent: a, engine: replay, prompt: x}
  three: {run: x}
"""


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm and a node that write down how they were called."""
    place = tmp_path / "bin"
    place.mkdir()
    for name in ("npm", "node"):
        told = f"env >{tmp_path}/{name}-environ; cat /proc/self/status >{tmp_path}/{name}-status 2>&-"
        script = f'echo "{name} $*" >>{tmp_path}/called\n{told}\ntest ! -e {tmp_path}/refuse'
        (place / name).write_text(f"#!/bin/sh\n{script}\n")
        (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    return tmp_path


def called(place: Path) -> list[str]:
    return [" ".join(line.split()[:2]) for line in (place / "called").read_text().splitlines()]


def test_engines_are_told_from_workflows_and_inputs() -> None:
    flow = load_workflow(FLOW, "workflows/a.yaml")
    assert agents.needed([flow], {}) == ["claude"]
    assert agents.needed([flow], {"engine": "codex"}) == ["codex"]
    assert agents.needed([flow], {"engine": "replay"}) == []


def test_one_that_is_on_path_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "claude").touch(mode=0o755)
    assert agents.missing(["claude", "codex"], str(tmp_path)) == ["codex"]


def test_the_pinned_one_comes_with_its_part_of_the_lock(npm: Path) -> None:
    folder = npm / "agents"
    pinned = json.loads((agents.LOCK / "package.json").read_text())["dependencies"]
    chosen = agents.versions(["claude"], {})
    assert chosen == {"claude": pinned["@anthropic-ai/claude-code"]}
    agents.install(chosen, folder)
    lock = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert all("claude-code" in path for path in lock if path)
    assert all("integrity" in each for path, each in lock.items() if path)
    assert called(npm) == ["npm ci", "node node_modules/@anthropic-ai/claude-code/install.cjs"]


def test_another_version_is_installed_without_the_lock(npm: Path) -> None:
    folder = npm / "agents"
    agents.install(agents.versions(["codex"], {"codex": "0.1.0"}), folder)
    assert json.loads((folder / "package.json").read_text())["dependencies"] == {"@openai/codex": "0.1.0"}
    assert not (folder / "package-lock.json").exists()
    assert called(npm) == ["npm install"]


def test_nothing_that_is_installed_sees_a_token_or_a_key(npm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "MYCELIUM_GITHUB_TOKEN",
        "ANTHROPIC_API_KEY",
        "MYCELIUM_SECRET_DEPLOY",
        "GITHUB_TOKEN",
        "NODE_OPTIONS",
    ):
        monkeypatch.setenv(name, "secret-1")
    monkeypatch.setenv("NODE_AUTH_TOKEN", "secret-2")
    monkeypatch.setenv("https_proxy", "http://proxy.example")
    agents.install({"claude": "1.2.3"}, npm / "agents")
    of_npm, of_node = ((npm / f"{name}-environ").read_text() for name in ("npm", "node"))
    assert "secret-1" not in of_npm + of_node
    assert "NODE_AUTH_TOKEN=secret-2" in of_npm
    assert "secret-2" not in of_node
    assert all("https_proxy=http://proxy.example" in each for each in (of_npm, of_node))


@pytest.mark.skipif(not LINUX, reason="elsewhere nobody can give this up")
def test_nothing_that_is_installed_becomes_another_user(npm: Path) -> None:
    agents.install({"claude": "1.2.3"}, npm / "agents")
    told = "\nNoNewPrivs:\t{}\n"
    assert [told.format(1) in (npm / f"{name}-status").read_text() for name in ("npm", "node")] == [True, True]
    assert told.format(0) in Path("/proc/self/status").read_text()


def test_what_goes_wrong_is_told(npm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="no agent `gemini`"):
        agents.versions(["codex"], {"gemini": "1"})
    (npm / "refuse").touch()
    with pytest.raises(SetupError, match="npm says"):
        agents.install({"codex": "1.2.3"}, npm / "agents")
    monkeypatch.setenv("PATH", str(npm / "empty"))
    with pytest.raises(SetupError, match="not on PATH"):
        agents.install({"codex": "1.2.3"}, npm / "agents")


def test_one_that_is_half_there_is_not_there(npm: Path) -> None:
    """npm puts the command in its place, and the script that gets the program behind it fails."""
    folder = npm / "agents"
    (npm / "bin/npm").write_text("#!/bin/sh\nmkdir -p node_modules/.bin\ntouch node_modules/.bin/claude\n")
    (npm / "refuse").touch()
    with pytest.raises(SetupError, match="node says"):
        agents.install({"claude": "1.2.3"}, folder)
    assert not folder.exists()
