"""The library as the command line shows it: a repository's agents over those that ship."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.exit import ended
from orchestrator.cli.program import mycelium
from orchestrator.definition.model import Workflow
from orchestrator.execution.experience import AgentRun
from orchestrator.execution.state import Execution, Plan
from orchestrator.store.opening import open_store
from tests.fakes.views import attempt_of

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


NOW = datetime.now(UTC)


def remember(repository: Path, *attempts: AgentRun) -> None:
    """As if these attempts had been made here."""
    home = repository / ".mycelium"
    store = open_store(f"sqlite:///{home}/state.db", home=home)
    plan = Plan(definition=Workflow(id="w", path="w.yaml", name="W", nodes={}), source="")
    execution = Execution(id="01", number=1, workflow_id="w", workflow_name="W", created_at=NOW)
    with store.begin() as tx:
        tx.insert(execution, plan, [], [])
        for attempt in attempts:
            tx.remember(attempt)
    store.close()


def attempt(run: int, **more: Any) -> AgentRun:
    return replace(attempt_of("python-pro", "01", run=run, started_at=NOW, ended_at=NOW), **more)


def history(repository: Path) -> None:
    remember(
        repository,
        *(attempt(run) for run in range(5)),
        attempt(5, outcome="timeout", model="opus"),
        attempt(6, ended_at=NOW - timedelta(days=100), model="haiku", cost_usd=9.0),
        attempt(7, replayed=True, engine="replay"),
    )


def test_list_with_experience(repository: Path, capsys: Capture) -> None:
    history(repository)
    assert ended(mycelium, ["agents", "list", "--stats"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["AGENT", "RUNS", "SUCCESS", "TIME", "COST", "FLAKY", "DESCRIPTION"]
    ours = next(row for row in rows if row.startswith("python-pro"))
    assert ours.split("  ")[-1] == "Ours, and better."
    assert ours.split()[1:7] == ["6", "83", "%", "1m", "15s", "$0.05"]
    assert next(row for row in rows if row.startswith("triager")).split()[1:6] == ["–"] * 5


def test_list_with_experience_as_json(repository: Path, capsys: Capture) -> None:
    history(repository)
    assert ended(mycelium, ["agents", "list", "--stats", "--json", "--days", "365", "--replayed"]) == 0
    listed = {agent["id"]: agent["experience"] for agent in json.loads(capsys.readouterr().out)}
    assert listed["python-pro"]["runs"] == 8
    assert listed["python-pro"]["outcomes"] == {"success": 7, "timeout": 1}
    assert listed["triager"] is None


def test_show_with_experience(repository: Path, capsys: Capture) -> None:
    history(repository)
    assert ended(mycelium, ["agents", "show", "python-pro"]) == 0
    out = capsys.readouterr().out
    assert "\nExperience, last 90 days\n  Success        83 % of 6 runs succeeded\n" in out
    assert "  Failures       1 timeout\n" in out
    rows = out[out.index("ENGINE") :].splitlines()[:3]
    assert [row.split()[:3] for row in rows[1:]] == [["claude", "opus", "1"], ["claude", "sonnet", "5"]]
    assert "haiku" not in out
    assert out.endswith("\n\nYou write our Python.\n")


def test_show_with_experience_as_json(repository: Path, capsys: Capture) -> None:
    history(repository)
    assert ended(mycelium, ["agents", "show", "python-pro", "--json", "--days", "365"]) == 0
    told = json.loads(capsys.readouterr().out)["experience"]
    assert (told["runs"], told["cost_usd"]["total"]) == (7, 9.3)
    assert [model["model"] for model in told["models"]] == ["haiku", "opus", "sonnet"]
    assert sum(week["runs"] for week in told["weeks"]) == 7


@pytest.mark.parametrize("words", [["list", "--stats"], ["show", "python-pro"], ["show", "python-pro", "--json"]])
def test_to_ask_for_experience_makes_no_database(words: list[str], repository: Path, capsys: Capture) -> None:
    assert ended(mycelium, ["agents", *words]) == 0
    assert "Experience" not in capsys.readouterr().out
    assert not (repository / ".mycelium").exists()


def test_an_agent_is_shown_where_its_experience_cannot_be(
    repository: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "broken.db").write_text("no database", encoding="utf-8")
    monkeypatch.setenv("MYCELIUM_DATABASE_URL", "sqlite:///broken.db")
    assert ended(mycelium, ["agents", "show", "python-pro"]) == 0
    shown = capsys.readouterr()
    assert shown.out.endswith("\n\nYou write our Python.\n")
    assert "what `python-pro` has done cannot be told" in shown.err
    assert ended(mycelium, ["agents", "list", "--stats"]) == 2
