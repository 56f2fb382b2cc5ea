"""What `executions` shows of the history, and that it leaves nothing behind where there is none."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator import app, settings
from orchestrator.cli import details
from orchestrator.cli.console import Console
from orchestrator.cli.executions import _text
from orchestrator.cli.exit import ended
from orchestrator.cli.program import mycelium
from orchestrator.lifecycle import advance
from orchestrator.lifecycle.start import StartRequest, start
from orchestrator.queue.instance import Instance
from orchestrator.report.view import ExecutionView
from tests.fakes import views
from tests.fakes.world import node, workflow

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One outside any repository."""
    for name in ("MYCELIUM_HOME_DIR", "MYCELIUM_DATABASE_URL", "GIT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MYCELIUM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    place = tmp_path / "folder"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.mark.parametrize(
    "words",
    [
        ("executions", "list"),
        ("executions", "show"),
        ("executions", "logs"),
        ("executions", "cancel"),
        ("site", "build"),
    ],
    ids=" ".join,
)
def test_outside_a_repository_nothing_is_made(words: tuple[str, ...], folder: Path, capsys: Capture) -> None:
    assert ended(mycelium, [*words]) == 2
    shown = capsys.readouterr().err
    assert "is not in a git repository" in shown
    assert "git init" in shown
    assert not list(folder.iterdir())


@pytest.mark.parametrize("verb", ["doctor", "validate"])
def test_what_needs_no_repository_makes_nothing_either(verb: str, folder: Path, capsys: Capture) -> None:
    assert ended(mycelium, [verb]) in (0, 2)
    assert not list(folder.iterdir())


def test_a_home_folder_elsewhere_is_looked_into_from_anywhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("MYCELIUM_HOME_DIR", str(folder.parent / "home"))
    assert ended(mycelium, ["executions", "list"]) == 0
    assert capsys.readouterr().err == "Nothing has run here.\n"


def test_what_is_not_here_may_be_in_the_history(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("MYCELIUM_HOME_DIR", str(folder.parent / "home"))
    (folder / ".git").mkdir()
    assert ended(mycelium, ["executions", "rerun", "01K5", "--failed"]) != 0
    shown = capsys.readouterr().err
    assert "there is no execution 01K5" in shown
    assert "mycelium history pull" in shown


def begun(root: Path, instance: str) -> str:
    """An execution whose first node is at work, as `instance` left it."""
    services = app.build(settings.load(root, os.environ), redis_url=None, instance=instance)
    try:
        execution = start(services, StartRequest(workflow=workflow(node("a"), node("b", "a")), source="name: Demo"))
        with services.store.begin() as tx:
            claim = tx.claim(labels=["default"], instance=instance, worker="w", now=services.clock.now())
        assert claim is not None
        advance.start_running(services, claim)
    finally:
        services.logs.close()
        services.store.close()
    return execution.id


def test_an_execution_that_nobody_runs_says_how_to_go_on(folder: Path, capsys: Capture) -> None:
    (folder / ".git").mkdir()
    instance = Instance.acquire(folder / ".mycelium")
    id = begun(folder, instance.id)
    assert ended(mycelium, ["executions", "show", id]) == 0
    alive = capsys.readouterr().out
    assert "running for " in alive
    assert "resume" not in alive
    instance.release()
    assert ended(mycelium, ["executions", "show", id]) == 0
    shown = capsys.readouterr().out
    assert "running (interrupted): 0 of 2 nodes done.\n" in shown
    assert f"Nobody runs it now: mycelium executions resume {id}\n" in shown
    assert "a     interrupted\n" in shown
    assert ended(mycelium, ["executions", "list"]) == 0
    assert "running (interrupted)    " in capsys.readouterr().out
    for verb in ("list", "show"):
        assert ended(mycelium, ["executions", verb, "--json"]) == 0
        assert '"interrupted": true' in json.dumps(json.loads(capsys.readouterr().out))


def printed(seen: ExecutionView) -> str:
    out = io.StringIO()
    details.show(seen, Console(stream=out), interrupted=False)
    return out.getvalue()


def test_an_execution_is_shown_with_its_duration_and_what_it_left() -> None:
    seen = views.completed()
    branch = replace(seen, execution=replace(seen.execution, result_branch="mycelium/demo-14"))
    shown = printed(branch)
    assert "completed in 1m 2s: All 10 node runs completed." in shown
    assert f"Branch mycelium/demo-14: git diff {views.sha('head')[:12]} mycelium/demo-14\n" in shown
    assert f"1 file, {views.sha('docs')[:8]}" in shown
    assert "git diff" not in printed(replace(seen, execution=replace(seen.execution, result_branch=None)))


def test_a_person_who_is_waited_for_is_asked() -> None:
    shown = printed(views.waiting())
    assert "waiting for " in shown
    assert "mycelium executions approve 01K5DEMO00WAITING publish" in shown


def test_lines_of_a_later_attempt_are_marked() -> None:
    line = views.demo_log(views.running(), 1)[0]
    assert "(attempt" not in _text(replace(line, attempt=1))
    assert f" {line.key} (attempt 2) | " in _text(replace(line, attempt=2))
