"""The library as the command line shows it: a repository's agents over those that ship."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cli.exit import ended
from orchestrator.cli.program import mycelium

OWN = """\
---
name: python-pro
description: Ours, and better.
tools: Read, Grep
model: opus
---
You write our Python.
"""

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    folder = tmp_path / ".claude" / "agents"
    folder.mkdir(parents=True)
    (folder / "python-pro.md").write_text(OWN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_list(capsys: Capture) -> None:
    assert ended(mycelium, ["agents", "list"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["AGENT", "CATEGORY", "DESCRIPTION"]
    assert {"code-reviewer", "python-pro"} <= {row.split()[0] for row in rows}
    assert next(row for row in rows if row.startswith("python-pro")).endswith("Ours, and better.")


def test_list_by_category(capsys: Capture) -> None:
    assert ended(mycelium, ["agents", "list", "--category", "quality", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed
    assert {agent["category"] for agent in listed} == {"quality"}
    assert set(listed[0]) == {"id", "name", "category", "description", "keywords"}
    assert ended(mycelium, ["agents", "list", "--category", "none such"]) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "There are no agents here.\n")


def test_search(capsys: Capture) -> None:
    assert ended(mycelium, ["agents", "search", "security", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == "security-auditor"


def test_show(capsys: Capture) -> None:
    assert ended(mycelium, ["agents", "show", "python-pro"]) == 0
    out = capsys.readouterr().out
    assert "Tools        Read, Grep\n" in out
    assert "Source       .claude/agents/python-pro.md\n" in out
    assert out.endswith("\n\nYou write our Python.\n")
    assert ended(mycelium, ["agents", "show", "python-pro", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["tools"], shown["model"]) == (["Read", "Grep"], "opus")


def test_an_unknown_agent_hints_at_the_nearest(capsys: Capture) -> None:
    assert ended(mycelium, ["agents", "show", "code-reviwer"]) == 2
    assert "did you mean `code-reviewer`?" in capsys.readouterr().err


def test_broken_files_are_named_on_stderr(repository: Path, capsys: Capture) -> None:
    (repository / ".claude" / "agents" / "bad.md").write_text("nothing\n", encoding="utf-8")
    assert ended(mycelium, ["agents", "list", "--json"]) == 0
    shown = capsys.readouterr()
    assert ".claude/agents/bad.md:1:" in shown.err
    assert json.loads(shown.out)
