"""The real Codex, and an engine that the project file describes: recorded, and replayed without them."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from tests.fakes.agent_clis import CLIS
from tests.fakes.checkout import Checkout, checkouts, runs, statuses
from tests.fakes.codex_cli import PROGRAM, needs_codex
from tests.fakes.model_server import Asked, Turn, model_server, say

KEY = f"sk-{token_hex(16)}"
WORKFLOW = """
name: Recorded
inputs:
  engine: {default: ENGINE}
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
BYTES = "printf '\\377' > bytes.bin && chmod +x bytes.bin && ln -s new to && sed -i s/two/TWO/ shared.txt"
SAID = f"Done, with {KEY}."
PROJECT = """
replay: {strict: true}
engines:
  mine:
    command: [mine]
    output: jsonl
    credentials: [MINE_KEY]
    read:
      text: text:/text
      tool: tool:/name
      model: start:/model
      error: error:/message
      usage: {input_tokens: "used:/in", output_tokens: "used:/out", cost_usd: "used:/usd", turns: "used:/turns"}
    exit-codes: {max_turns: [53]}
"""
MINE = """\
#!PYTHON -IS
import json, os, re, subprocess, sys
def tell(kind, **values): print(json.dumps({"type": kind, **values}), flush=True)
node = re.search("You work on node `([a-z]+)`", sys.stdin.read())[1]
tell("start", model="m-1")
if node == "fix":
    tell("text", text="I read.")
    tell("tool", name="bash")
    os.mkdir("new")
    open("new/gr\\u00fc\\u00dfe.txt", "w").write("Gr\\u00fc\\u00dfe\\n")
    subprocess.run(["sh", "-c", BYTES], check=True)
    tell("used", **{"in": 50, "out": 7, "usd": 0.01, "turns": 2})
    tell("text", text="Done, with " + os.environ["MINE_KEY"] + ".")
elif node == "judge":
    tell("text", text='{"verdict": "keep"}')
else:
    tell("tool", name="bash")
    tell("text", text="More.")
    sys.exit(53)
"""


def _codex(asked: Asked) -> Turn:
    cli = CLIS["codex"]
    turns: Mapping[str, list[Turn]] = {
        "fix": [
            say("I read.", cli.shell("cat shared.txt")),
            say(cli.write("new/grüße.txt", "Grüße\n")),
            say(cli.shell(BYTES)),
            say(SAID),
        ],
        "judge": [say("I look closer.", cli.shell("cat new/*")), cli.answer(verdict="keep")],
        "fail": [say("More.", cli.shell("cat shared.txt"))],
    }
    node = next(name for name in turns if f"You work on node `{name}`" in asked.prompt)
    return turns[node][min(asked.turn, len(turns[node]) - 1)]


@contextmanager
def _reaching_codex(checkout: Checkout) -> Iterator[dict[str, str]]:
    with model_server(_codex) as model:
        environ = CLIS["codex"].environ(model.url)
        yield {**environ, "OPENAI_API_KEY": KEY, "PATH": f"{Path(PROGRAM).parent}:{environ['PATH']}"}


@contextmanager
def _reaching_mine(checkout: Checkout) -> Iterator[dict[str, str]]:
    program = checkout.folder / "bin/mine"
    program.parent.mkdir()
    program.write_text(MINE.replace("PYTHON", sys.executable).replace("BYTES", repr(BYTES)), encoding="utf-8")
    program.chmod(0o755)
    yield {"PATH": f"{program.parent}:{checkout.environment()['PATH']}", "MINE_KEY": KEY}


REACHING = {"codex": _reaching_codex, "mine": _reaching_mine}


@dataclass(frozen=True, kw_only=True)
class Both:
    """What ran with an engine, and then from the recording of that alone."""

    engine: str
    checkout: Checkout
    first: dict[str, Any]
    again: dict[str, Any]

    def transcripts(self) -> dict[str, str]:
        found = self.checkout.root.glob("workflows/recorded.replay/*.jsonl")
        return {path.stem: path.read_text(encoding="utf-8") for path in found}


@pytest.fixture(scope="module", params=[pytest.param("codex", marks=needs_codex), "mine"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    engine: str = request.param
    for checkout in checkouts(tmp_path_factory.mktemp(f"recorded-with-{engine}")):
        checkout.workflow("recorded", WORKFLOW.replace("ENGINE", engine))
        checkout.write("mycelium.yaml", textwrap.dedent(PROJECT))
        checkout.commit("Add a workflow")
        with REACHING[engine](checkout) as environ:
            first = checkout.run("recorded", "--record", "workflows/recorded.replay", code=1, **environ)
        again = checkout.run("recorded", "--input", "engine=replay", code=1)
        yield Both(engine=engine, checkout=checkout, first=first, again=again)


def test_the_replay_ends_as_the_run_did(both: Both) -> None:
    first, again = both.first, both.again
    assert statuses(first) == {"fix": "completed", "judge": "completed", "fail": "failed"}
    assert runs(first)["judge"]["outputs"]["verdict"] == "keep"
    assert runs(first)["fail"]["error_code"] == "AGENT_MAX_TURNS"
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert _lasting(again) == _lasting(first)


def test_the_replay_commits_the_same_tree(both: Both) -> None:
    git = both.checkout.git
    trees = [git("rev-parse", f"{shown['result_branch']}^{{tree}}") for shown in (both.first, both.again)]
    assert trees[0] == trees[1] != git("rev-parse", "main^{tree}")
    listed = git(
        "-c", "core.quotePath=false", "ls-tree", "-r", "--format=%(objectmode) %(path)", both.again["result_branch"]
    )
    assert {"100755 bytes.bin", "120000 to", "100644 new/grüße.txt"} <= set(listed.splitlines())
    assert "TWO" in git("show", f"{both.again['result_branch']}:shared.txt")


def test_what_it_said_and_called_is_in_its_transcript(both: Both) -> None:
    events = [json.loads(line) for line in both.transcripts()["fix"].splitlines()]
    assert events[0]["engine"] == both.engine
    assert any(event.get("type") == "tool" for event in events[1:])


def test_the_key_is_in_no_transcript(both: Both) -> None:
    found = both.transcripts()
    assert set(found) == {"fix", "judge", "fail"}
    assert "Done, with ***." in found["fix"]
    assert not [name for name, text in found.items() if KEY in text]
    assert str(both.checkout.folder) not in found["fix"]


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
