"""The real Claude Code, recorded, and replayed without it: a scripted model says what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from tests.fakes.checkout import Checkout, checkouts, runs, statuses
from tests.fakes.claude_cli import PROGRAM, needs_claude
from tests.fakes.model_server import Asked, Turn, call, model_server, say

pytestmark = needs_claude

KEY = f"sk-ant-{token_hex(16)}"
WORKFLOW = """
name: Recorded
inputs:
  engine: {default: claude}
defaults: {engine: "${{ inputs.engine }}"}
nodes:
  fix: {agent: python-pro, workspace: write, tools: [Read, Edit, Write, Bash], prompt: Fix it.}
  judge:
    needs: fix
    agent: code-reviewer
    prompt: Judge it.
    answer: {type: object, properties: {verdict: {enum: [keep, drop]}}, required: [verdict]}
  fail: {needs: judge, agent: code-reviewer, prompt: Go on for ever., max-turns: 1}
"""
LONG = f"Done, with {KEY}.\n" + "a line of many\n" * 1_500 + "and the very last"
TURNS = {
    "fix": [
        say("I read.", call("Read", file_path="shared.txt")),
        say(call("Edit", file_path="shared.txt", old_string="two", new_string="TWO")),
        say(call("Write", file_path="new/grüße.txt", content="Grüße\n")),
        say(call("Bash", command="printf '\\377' > bytes.bin && chmod +x bytes.bin && ln -s new to", description="x")),
        say(LONG),
    ],
    "judge": [
        say("I look closer.", call("Read", file_path=".git/mycelium/needs/fix.md")),
        say("I judge.", call("StructuredOutput", verdict="keep")),
        say("Judged."),
    ],
    "fail": [say("More.", call("Read", file_path="shared.txt"))],
}


def _next_turn(asked: Asked) -> Turn:
    node = next(name for name in TURNS if f"You work on node `{name}`" in asked.prompt)
    return TURNS[node][min(asked.turn, len(TURNS[node]) - 1)]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    yield from checkouts(tmp_path_factory.mktemp("recorded-with-claude"))


@dataclass(frozen=True, kw_only=True)
class Both:
    """What ran with Claude Code, and then from the recording of that alone; all that the model was told."""

    first: dict[str, Any]
    again: dict[str, Any]
    told: str


@pytest.fixture(scope="module")
def both(checkout: Checkout) -> Both:
    checkout.workflow("recorded", WORKFLOW)
    checkout.write("mycelium.yaml", "replay: {strict: true}\n")
    checkout.commit("Add a workflow")
    (checkout.folder / "bin").mkdir()
    (checkout.folder / "bin/claude").symlink_to(Path(PROGRAM).resolve())
    path = f"{checkout.folder / 'bin'}:{checkout.environment()['PATH']}"
    with model_server(_next_turn) as model:
        reached = {"PATH": path, "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": model.url}
        first = checkout.run("recorded", "--record", "workflows/recorded.replay", code=1, **reached)
        told = json.dumps([asked.body for asked in model.asked])
    return Both(first=first, again=checkout.run("recorded", "--input", "engine=replay", code=1), told=told)


def test_the_replay_ends_as_the_run_did(both: Both) -> None:
    first, again = both.first, both.again
    assert statuses(first) == {"fix": "completed", "judge": "completed", "fail": "failed"}
    assert runs(first)["judge"]["outputs"]["verdict"] == "keep"
    assert runs(first)["fail"]["error_code"] == "AGENT_MAX_TURNS"
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert _lasting(again) == _lasting(first)


def test_the_replay_commits_the_same_tree(both: Both, checkout: Checkout) -> None:
    trees = [checkout.git("rev-parse", f"{shown['result_branch']}^{{tree}}") for shown in (both.first, both.again)]
    assert trees[0] == trees[1] != checkout.git("rev-parse", "main^{tree}")
    listed = checkout.git("ls-tree", "-r", "--format=%(objectmode) %(path)", both.again["result_branch"])
    assert "100755 bytes.bin" in listed
    assert "120000 to" in listed


def test_what_the_prompt_had_to_cut_is_read_from_the_workspace(both: Both) -> None:
    assert "all of it lies in `.git/mycelium/needs/fix.md`" in both.told
    read = both.told.rindex("\\tand the very last")
    assert "tool_result" in both.told[:read]
    assert runs(both.first)["judge"]["outputs"]["files_changed"] == []


def test_the_key_is_in_no_transcript(both: Both, checkout: Checkout) -> None:
    found = {path.name: path.read_text(encoding="utf-8") for path in checkout.root.glob("workflows/recorded.replay/*")}
    assert set(found) == {"fix.jsonl", "judge.jsonl", "fail.jsonl"}
    assert "Done, with ***." in found["fix.jsonl"]
    assert not [name for name, text in found.items() if KEY in text]
    assert str(checkout.folder) not in found["fix.jsonl"]


def _lasting(shown: dict[str, Any]) -> dict[str, Any]:
    """What an execution has in common with its replay."""
    return {
        key: (
            *(run["status"], run["error_code"], run["error_message"]),
            {**run["usage"], "replayed": True},
            {name: value for name, value in run["outputs"].items() if name not in ("commit", "usage")},
        )
        for key, run in runs(shown).items()
    }
