"""`mycelium run --record`: what a program of an agent did becomes transcripts, which replay it without the program."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.checkout import Checkout, checkouts, runs, statuses

KEY = "sk-ant-a-key-that-nobody-may-see"
LONG = "first line\n" + "x" * 60_000 + "\nlast line"

# Does what its prompt's last line says in Python, and reports it as Claude Code would.
PROGRAM = """#!{python}
import json, sys
prompt = sys.stdin.read()
said = []
def show(**event): print(json.dumps(event), flush=True)
show(type="system", subtype="init", model="claude-sonnet", mcp_servers=[], session_id="s")
task = prompt.split("Your task:\\n\\n")[1].split("\\n")[0]
call = {{"type": "tool_use", "id": "1", "name": "Bash", "input": {{"command": task}}}}
show(type="assistant", message={{"id": "m", "content": [{{"type": "text", "text": "I begin."}}, call]}})
exec(task)
content = [{{"type": "tool_result", "tool_use_id": "1", "content": "\\n".join(said)}}]
show(type="user", message={{"content": content}})
show(type="result", subtype="success", is_error=False, result="Done: " + ", ".join(said), num_turns=2,
     total_cost_usd=0.25, usage={{"input_tokens": 5, "output_tokens": 7}}, permission_denials=[])
"""

RECORDED = r"""
name: Recorded
inputs:
  engine: {default: claude}
  word: {default: hello}
defaults: {engine: "${{ inputs.engine }}"}
nodes:
  each:
    strategy: {matrix: {size: [a/b, "c"]}}
    agent: python-pro
    prompt: said.append('size ${{ matrix.size }} ${{ inputs.word }}')
  fix:
    needs: each
    agent: python-pro
    workspace: write
    prompt: >-
      import os; open('new.txt', 'w', newline='').write('one\r\ntwo'); open('bytes.bin', 'wb').write(b'\xff\x00');
      os.remove('shared.txt'); os.symlink('new.txt', 'link'); os.chmod('new.txt', 0o755); said.append('changed KEY');
      open('key', 'w').write('KEY')
  fail:
    needs: fix
    agent: python-pro
    prompt: "sys.exit('broken')"
"""

RECORDED = RECORDED.replace("KEY", KEY)

FINDINGS = """
name: Findings
nodes:
  write: {agent: python-pro, engine: replay, prompt: Write much.}
  read:
    needs: write
    agent: code-reviewer
    engine: claude
    workspace: write
    prompt: >-
      import re; path = re.search('all of it lies in `([^`(]+)`', prompt)[1]; text = open(path).read();
      said += [path, str('last' + ' line' in text), str('last' + ' line' in prompt)];
      open('seen.txt', 'w').write(text[:20])
"""


class Recorded:
    """A checkout whose agents have been recorded, and are no longer to be had."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        checkout.workflow("recorded", RECORDED)
        checkout.commit("Add a workflow")
        program = with_program(checkout)
        self.folder = checkout.root / "workflows/recorded.replay"
        done = checkout.mycelium("run", "recorded", "--json", "--record", "workflows/recorded.replay", code=1)
        self.said = done.stderr
        self.shown = done.json()
        program.unlink()
        del checkout.environ["ANTHROPIC_API_KEY"]

    def replay(self, *words: str, strict: bool) -> dict[str, Any]:
        self.checkout.write("mycelium.yaml", f"replay: {{strict: {str(strict).lower()}}}\n")
        return self.checkout.run("recorded", "--input", "engine=replay", *words, code=1)

    def tree(self, shown: dict[str, Any]) -> str:
        return self.checkout.git("rev-parse", f"{shown['result_branch']}^{{tree}}")


def with_program(checkout: Checkout) -> Path:
    """A `claude` first on the PATH."""
    place = checkout.folder / "bin/claude"
    place.parent.mkdir()
    place.write_text(PROGRAM.format(python=sys.executable), encoding="utf-8")
    place.chmod(0o755)
    checkout.environ |= {"ANTHROPIC_API_KEY": KEY, "PATH": f"{place.parent}:{os.environ['PATH']}"}
    return place


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    for checkout in checkouts(tmp_path_factory.mktemp("recorded")):
        yield Recorded(checkout)


def endings(shown: dict[str, Any]) -> dict[str, Any]:
    """What two runs of the same must have in common."""
    return {
        key: (run["status"], run["error_code"], run["error_message"], run["outputs"].get("text"))
        for key, run in runs(shown).items()
    }


def test_each_agent_has_a_transcript(recorded: Recorded) -> None:
    names = {path.name for path in recorded.folder.iterdir()}
    assert names == {"each (a%2Fb).jsonl", "each (c).jsonl", "fix.jsonl", "fail.jsonl"}
    assert "recorded      4 transcripts in workflows/recorded.replay" in recorded.said


def test_a_replay_needs_no_program_and_gives_the_same(recorded: Recorded) -> None:
    first, again = recorded.shown, recorded.replay(strict=True)
    assert statuses(first) == {
        "each (a/b)": "completed",
        "each (c)": "completed",
        "fix": "completed",
        "fail": "failed",
    }
    assert endings(again) == endings(first)
    assert runs(first)["fail"]["error_code"] == "AGENT_EXIT"
    used = {**runs(first)["fix"]["usage"], "replayed": True}
    assert (runs(again)["fix"]["usage"], used["cost_usd"]) == (used, 0.25)
    names = recorded.checkout.git("diff", "--name-only", recorded.tree(first).strip(), recorded.tree(again).strip())
    assert names.split() == ["key"]
    assert recorded.checkout.git("show", f"{again['result_branch']}:key") == "***"


def test_what_changed_since_is_warned_of_or_strictly_refused(recorded: Recorded) -> None:
    loose = recorded.replay("--input", "word=bye", strict=False)
    assert runs(loose)["each (c)"]["outputs"]["text"] == "Done: size c hello"
    warned = [text for text in recorded.checkout.log("--level", "warning") if "since the transcript was made" in text]
    assert warned == ["the prompt has changed since the transcript was made; what follows answers the old one"] * 2
    strict = recorded.replay("--input", "word=bye", strict=True)
    assert runs(strict)["each (c)"]["error_code"] == "AGENT_CONFLICT"
    assert runs(strict)["fix"]["status"] == "skipped"


def test_no_key_is_recorded(recorded: Recorded) -> None:
    found = {path.name: path.read_bytes() for path in recorded.folder.iterdir()}
    assert b"***" in found["fix.jsonl"]
    assert not [name for name, content in found.items() if KEY.encode() in content]


def test_a_recording_can_be_written_later(recorded: Recorded) -> None:
    checkout = recorded.checkout
    said = checkout.mycelium("executions", "record", recorded.shown["id"], "other here").stdout
    assert said == "4 transcripts in other here\n"
    for path in recorded.folder.iterdir():
        assert (checkout.root / "other here" / path.name).read_bytes() == path.read_bytes()


def test_a_folder_that_cannot_be_one_is_refused_before_anything_starts(checkout: Checkout) -> None:
    checkout.workflow("plain", "nodes: {a: {run: 'true'}}")
    refused = checkout.mycelium("run", "plain", "--record", "shared.txt", code=2)
    assert "shared.txt is no folder" in refused.stderr
    shown = checkout.run("plain")
    assert shown["number"] == 1
    refused = checkout.mycelium("executions", "record", "latest", "third", code=2)
    assert "was not recorded" in refused.stderr
    assert not (checkout.root / "third").exists()


def test_what_is_cut_from_a_prompt_lies_in_the_workspace_and_goes_no_further(checkout: Checkout) -> None:
    with_program(checkout)
    checkout.write(".mycelium/needs/write.md", "mine")
    checkout.git("add", "--force", ".mycelium/needs/write.md")
    checkout.commit("Track a file of that name")
    checkout.workflow("findings", FINDINGS, {"write": [{"type": "result", "text": LONG}]})
    shown = checkout.run("findings")
    read = runs(shown)["read"]
    assert read["outputs"]["text"] == "Done: .git/mycelium/needs/write.md, True, False"
    assert read["outputs"]["files_changed"] == ["seen.txt"]
    assert checkout.git("diff", "--name-only", "main", shown["result_branch"]).split() == ["seen.txt"]
