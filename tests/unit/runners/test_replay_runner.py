"""Transcripts are played exactly, inside the workspace, or not at all."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from orchestrator.execution.state import FailureClass, Outcome, Usage
from orchestrator.lifecycle.ports.runner import AgentTask, StopReason
from orchestrator.runners.replay import ReplayRunner
from tests.fakes.running import REVIEWER, ListLog, pipe_control, task

HEADER = {"mycelium_transcript": 1, "agent": "code-reviewer", "model": "sonnet"}


def play(
    folder: Path, *events: dict[str, Any], log: ListLog | None = None, header: Any = HEADER, **changes: Any
) -> Outcome:
    text = "\n".join(json.dumps(line) for line in (header, *events))
    action = AgentTask(definition=REVIEWER, engine="replay", prompt="Look.", transcript=text, **changes)
    with pipe_control() as control:
        return ReplayRunner(pace=0).run(task(folder, action), log or ListLog(), control)


def test_a_whole_transcript(tmp_path: Path) -> None:
    work = tmp_path / "workspace"
    work.mkdir()
    (work / "a.py").write_text("x = 1\n")
    (work / "old.py").write_text("")
    log = ListLog()
    outcome = play(
        tmp_path,
        {"type": "text", "text": "I look.", "after_ms": 50},
        {"type": "tool", "name": "Bash", "input": {"command": "touch made"}, "output": "done"},
        {"type": "edit", "path": "a.py", "old": "x = 1", "new": "x = 2"},
        {"type": "write", "path": "new/b.py", "content": "y = 1\n"},
        {"type": "resolve", "path": "c.py", "content": "merged\n"},
        {"type": "delete", "path": "old.py"},
        {"type": "usage", "model": "sonnet", "input_tokens": 10, "turns": 2, "cost_usd": 0.5},
        {"type": "result", "text": "Done.", "answer": {"verdict": "approve"}},
        log=log,
    )
    assert outcome.outputs == {"verdict": "approve", "text": "Done."}
    assert outcome.usage == Usage(model="sonnet", input_tokens=10, turns=2, cost_usd=0.5, replayed=True)
    assert (work / "a.py").read_text() == "x = 2\n"
    assert sorted(path.name for path in work.rglob("*.py")) == ["a.py", "b.py", "c.py"]
    assert not (work / "made").exists()
    assert log.texts[0] == "replaying code-reviewer: no model is called"
    assert not any("prompt has changed" in text for text in log.texts)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"type": "edit", "path": "a.py", "old": "z", "new": ""}, "line 2 .*`a.py` holds this text 0 times"),
        ({"type": "edit", "path": "a.py", "old": "x", "new": ""}, "`a.py` holds this text 2 times"),
        ({"type": "edit", "path": "none.py", "old": "x", "new": ""}, "`none.py` cannot be read"),
        ({"type": "write", "path": "../out", "content": ""}, "not a path inside"),
        ({"type": "write", "path": "/out", "content": ""}, "not a path inside"),
        ({"type": "write", "path": ".git/config", "content": ""}, "not a path inside"),
        ({"type": "write", "path": "link/out", "content": ""}, "through a link"),
        ({"type": "write", "path": "file-link", "content": ""}, "through a link"),
        ({"type": "delete", "path": "none.py"}, "cannot be deleted"),
    ],
)
def test_what_does_not_fit_fails(tmp_path: Path, event: dict[str, Any], message: str) -> None:
    work = tmp_path / "workspace"
    work.mkdir()
    (work / "a.py").write_text("x x")
    (work / "link").symlink_to(tmp_path)
    (work / "file-link").symlink_to(tmp_path / "out")
    outcome = play(tmp_path, event, {"type": "result"})
    assert outcome.failure is FailureClass.CONFLICT
    assert re.search(message, outcome.message)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("header", "event", "message"),
    [
        ({}, {"type": "result"}, "line 1: the header"),
        (HEADER, {"type": "dance"}, "line 2: unknown type 'dance'"),
        (HEADER, {"type": "edit", "path": "a"}, "line 2: `old` must be a text"),
        (HEADER, {"type": "text", "text": "x", "after_ms": -1}, "after_ms"),
        (HEADER, {"type": "fail", "class": "odd", "message": "x"}, "line 2: 'odd'"),
        (HEADER, [], "line 2: not an object"),
    ],
)
def test_a_broken_transcript_says_where(tmp_path: Path, header: Any, event: Any, message: str) -> None:
    outcome = play(tmp_path, event, header=header)
    assert outcome.failure is FailureClass.SETUP
    assert message in outcome.message


def test_a_missing_transcript_names_the_file(tmp_path: Path) -> None:
    action = AgentTask(definition=REVIEWER, engine="replay", prompt="")
    with pipe_control() as control:
        outcome = ReplayRunner().run(task(tmp_path, action, key="review"), ListLog(), control)
    assert outcome.failure is FailureClass.SETUP
    assert ".replay/review.jsonl" in outcome.message


@pytest.mark.parametrize(("prompt", "warned"), [("Look.", False), ("Other.", True)])
def test_a_changed_prompt_is_noticed(tmp_path: Path, prompt: str, warned: bool) -> None:
    log = ListLog()
    header = {**HEADER, "prompt_sha256": hashlib.sha256(prompt.encode()).hexdigest()}
    play(tmp_path, {"type": "result"}, log=log, header=header)
    assert any("prompt has changed" in text for text in log.texts) is warned


def test_recorded_failures_and_missing_results(tmp_path: Path) -> None:
    failed = play(tmp_path, {"type": "fail", "class": "max_turns", "message": "too many"})
    assert (failed.failure, failed.message) == (FailureClass.MAX_TURNS, "too many")
    assert play(tmp_path).failure is FailureClass.BAD_OUTPUT


def test_the_answer_must_fit_its_schema(tmp_path: Path) -> None:
    outcome = play(tmp_path, {"type": "result"}, answer={"type": "object", "required": ["verdict"]})
    assert (outcome.failure, outcome.message) == (FailureClass.BAD_OUTPUT, 'answer: "verdict" is a required property')


def test_a_pause_hears_the_control(tmp_path: Path) -> None:
    text = "\n".join(
        json.dumps(line) for line in (HEADER, {"type": "text", "text": "hi"}, {"type": "result", "after_ms": 600_000})
    )
    action = AgentTask(definition=REVIEWER, engine="replay", prompt="", transcript=text)
    log = ListLog()
    with pipe_control() as control:
        log.on_line = lambda line: control.stop(StopReason.CANCELLED) if line == "hi" else None
        assert ReplayRunner().run(task(tmp_path, action), log, control).cancelled
