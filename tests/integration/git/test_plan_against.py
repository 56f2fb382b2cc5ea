"""`mycelium plan --against REF`: what differs between a commit and the checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.exit import ended
from orchestrator.cli.program import mycelium
from tests.fakes.checkout import Checkout

DEMO = "on: push\nbudget: {usd: 2}\nnodes:\n  a: {agent: looker, prompt: Look.}\n  b: {run: echo 1, needs: a}\n"
LOOKER = "---\nname: looker\ndescription: Looks.\n---\nLook.\n"

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    made = Checkout.create(tmp_path)
    made.write("workflows/demo.yaml", DEMO)
    made.write(".claude/agents/looker.md", LOOKER)
    made.commit("Add a workflow")
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("MYCELIUM_CACHE_DIR", str(tmp_path / "cache"))
    return made


def files(capture: Capture, *words: str) -> dict[str, Any]:
    """The files that differ, by name."""
    assert ended(mycelium, ["plan", *words, "--against", "HEAD", "--format", "json"]) == 0
    return {file["name"]: file for file in json.loads(capture.readouterr().out)["files"]}


def test_nothing_differs(checkout: Checkout, capsys: Capture) -> None:
    assert ended(mycelium, ["plan", "--against", "main"]) == 0
    assert capsys.readouterr().out == "No workflow changes.\n"
    assert ended(mycelium, ["plan", "--against", "main", "--format", "mermaid"]) == 0
    assert capsys.readouterr().out == "%% no graph differs\n"


def test_every_file_that_differs(checkout: Checkout, capsys: Capture) -> None:
    checkout.write("workflows/demo.yaml", DEMO.replace("usd: 2", "usd: 20").replace("echo 1", "echo 2"))
    checkout.write("workflows/new/other.yaml", "nodes:\n  a: {run: x, nedes: y}\n")
    checkout.write(".claude/agents/looker.md", LOOKER.replace("Look.\n", "Look twice.\n"))
    checkout.write("mycelium.yaml", "mcp: {docs: {command: docs}}\n")
    found = files(capsys)
    assert {name: file["state"] for name, file in found.items()} == {
        "demo": "changed",
        "new/other": "broken",
        "looker": "changed",
        "mycelium.yaml": "added",
    }
    budget = found["demo"]["changes"][0]
    assert (budget["key"], budget["before"], budget["after"], budget["widens"]) == (["budget", "usd"], 2, 20, True)
    assert [node["mark"] for node in found["demo"]["graph"]["nodes"]] == ["same", "changed"]
    assert found["looker"]["used_by"] == ["demo"]


def test_one_workflow_with_its_agents(checkout: Checkout, capsys: Capture) -> None:
    checkout.write("workflows/other.yaml", "nodes: {a: {run: x}}\n")
    checkout.write(".claude/agents/looker.md", LOOKER.replace("Look.\n", "Look twice.\n"))
    assert list(files(capsys, "demo")) == ["looker"]
    assert list(files(capsys, "workflows/other.yaml")) == ["other"]
    checkout.git("rm", "--quiet", "workflows/demo.yaml")
    assert files(capsys, "demo")["demo"]["state"] == "removed"


def test_as_text_and_as_graphs(checkout: Checkout, capsys: Capture) -> None:
    changed = DEMO.replace("usd: 2", "usd: 20") + "  c: {run: echo 3, needs: b}\n"
    checkout.write("workflows/demo.yaml", changed.replace("prompt: Look.", 'prompt: "Look.\\nTwice."'))
    assert ended(mycelium, ["plan", "demo", "--against", "HEAD"]) == 0
    assert capsys.readouterr().out == (
        "1 workflow changes, 1 change allows more than before.\n"
        "\n"
        "workflows/demo.yaml changed\n"
        "  ! The budget of an execution: 2 USD → 20 USD\n"
        "  - The prompt of `a` is another: 2 lines, before 1\n"
        "      @@ -1 +1,2 @@\n"
        "       Look.\n"
        "      +Twice.\n"
        "  - New node `c`: run `echo 3`, after `b`\n"
    )
    assert ended(mycelium, ["plan", "demo", "--against", "HEAD", "--format", "mermaid"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("%% demo before\nflowchart LR\n")
    assert "%% demo after\nflowchart LR\n" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plan"], "plan needs a WORKFLOW"),
        (["plan", "--against", "nowhere"], "nowhere"),
        (["plan", "nothing", "--against", "HEAD"], "there is no workflow file or id `nothing`"),
        (["plan", "outside.yaml", "--against", "HEAD"], "lies outside of the workflows folder"),
        (["plan", "--against", "HEAD", "--format", "dot"], "cannot be shown as dot"),
    ],
)
def test_what_cannot_be_compared(words: list[str], message: str, checkout: Checkout, capsys: Capture) -> None:
    checkout.write("outside.yaml", DEMO)
    assert ended(mycelium, words) == 2
    assert message in capsys.readouterr().err
