"""Transcripts are played exactly, inside the workspace, or not at all."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import FailureClass, Outcome, Usage
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
        ({"type": "write", "path": "hidden/config", "content": ""}, "through a link"),
        ({"type": "write", "path": "loop/out", "content": ""}, "in circles"),
        ({"type": "write", "path": "full", "content": ""}, "`full` cannot be written"),
        ({"type": "write", "path": "y" * 300, "content": ""}, "cannot be written"),
        ({"type": "edit", "path": "file-link", "old": "x", "new": ""}, "cannot be read"),
        ({"type": "link", "path": "link/out", "target": "a.py"}, "through a link"),
        ({"type": "link", "path": ".GIT/hooks", "target": "a.py"}, "not a path inside"),
        ({"type": "link", "path": "a\0b", "target": "a.py"}, "not a path inside"),
        ({"type": "link", "path": "b", "target": "a\0b"}, "cannot be written"),
        ({"type": "delete", "path": "none.py"}, "cannot be deleted"),
        ({"type": "delete", "path": "full"}, "cannot be deleted"),
    ],
)
def test_what_does_not_fit_fails(tmp_path: Path, event: dict[str, Any], message: str) -> None:
    work = tmp_path / "workspace"
    work.mkdir()
    (work / "a.py").write_text("x x")
    (work / "link").symlink_to(tmp_path)
    (work / "file-link").symlink_to(tmp_path / "out")
    (work / ".git").mkdir()
    (work / "hidden").symlink_to(".git")
    (work / "loop").symlink_to("loop")
    (work / "full").mkdir()
    (work / "full/a.py").write_text("")
    outcome = play(tmp_path, event, {"type": "result"})
    assert outcome.failure is FailureClass.CONFLICT
    assert re.search(message, outcome.message)
    assert not (tmp_path / "out").exists()
    assert not list((work / ".git").iterdir())


def test_links_modes_and_bytes(tmp_path: Path) -> None:
    work = tmp_path / "workspace"
    work.mkdir()
    (tmp_path / "out").write_text("mine")
    (work / "file-link").symlink_to(tmp_path / "out")
    (work / "empty/deep").mkdir(parents=True)
    for name, mode in (("run.sh", 0o755), ("kept.sh", 0o755), ("plain.sh", 0o644)):
        (work / name).write_text("old")
        (work / name).chmod(mode)
    outcome = play(
        tmp_path,
        {"type": "write", "path": "file-link", "content": "a\r\nb"},
        {"type": "write", "path": "empty", "content_base64": "AP8="},
        {"type": "write", "path": "run.sh", "content": "new", "executable": False},
        {"type": "write", "path": "kept.sh", "content": "new"},
        {"type": "resolve", "path": "plain.sh", "content": "new", "executable": True},
        {"type": "link", "path": "to", "target": "../../anywhere"},
        {"type": "link", "path": "kept.sh", "target": "run.sh"},
        {"type": "link", "path": "gone", "target": "x"},
        {"type": "delete", "path": "gone"},
        {"type": "result"},
    )
    assert outcome.succeeded, outcome.message
    assert (tmp_path / "out").read_text() == "mine"
    assert (work / "file-link").read_bytes() == b"a\r\nb"
    assert (work / "empty").read_bytes() == b"\0\xff"
    executable = {name: bool((work / name).stat().st_mode & 0o100) for name in ("run.sh", "plain.sh", "empty")}
    assert executable == {"run.sh": False, "plain.sh": True, "empty": False}
    assert (str((work / "to").readlink()), str((work / "kept.sh").readlink())) == ("../../anywhere", "run.sh")
    assert not (work / "gone").is_symlink()


def test_a_file_that_stays_as_executable_as_it_is(tmp_path: Path) -> None:
    work = tmp_path / "workspace"
    work.mkdir()
    (work / "run.sh").write_text("old")
    (work / "run.sh").chmod(0o755)
    play(tmp_path, {"type": "write", "path": "run.sh", "content": "new"}, {"type": "result"})
    assert (work / "run.sh").stat().st_mode & 0o111 == 0o111


def test_it_is_shown_as_it_was_when_it_was_recorded(tmp_path: Path) -> None:
    log = ListLog()
    play(
        tmp_path,
        {"type": "text", "text": "I ask."},
        {
            "type": "tool",
            "name": "Read",
            "input": {"file_path": "a.py"},
            "output": "gone",
            "failed": True,
            "nested": True,
        },
        {"type": "text", "text": "Nothing.", "nested": True},
        {"type": "note", "text": "retry 1 of 2", "level": "warning"},
        {"type": "text", "text": "Done."},
        {"type": "result", "text": "Done."},
        log=log,
    )
    assert [line[:3] for line in log.lines[1:]] == [
        ("I ask.", Level.INFO, "agent"),
        ("  Read a.py", Level.INFO, "tool"),
        ("gone", Level.WARNING, "tool"),
        ("  Nothing.", Level.INFO, "agent"),
        ("retry 1 of 2", Level.WARNING, "mycelium"),
        ("Done.", Level.INFO, "agent"),
    ]


@pytest.mark.parametrize(
    ("header", "event", "message"),
    [
        ({}, {"type": "result"}, "line 1: the header"),
        (HEADER, {"type": "dance"}, "line 2: unknown type 'dance'"),
        (HEADER, {"type": "edit", "path": "a"}, "line 2: `old` must be a text"),
        (HEADER, {"type": "text", "text": "x", "after_ms": -1}, "after_ms"),
        (HEADER, {"type": "fail", "class": "odd", "message": "x"}, "line 2: 'odd'"),
        (HEADER, [], "line 2: not an object"),
        (HEADER, {"type": "write", "path": "a"}, "line 2: exactly one of `content`"),
        (HEADER, {"type": "write", "path": "a", "content": "", "content_base64": ""}, "line 2: exactly one of"),
        (HEADER, {"type": "write", "path": "a", "content_base64": "=x"}, "line 2: "),
        (HEADER, {"type": "write", "path": "a", "content": "", "executable": 1}, "line 2: `executable`"),
        (HEADER, {"type": "note", "text": "a", "level": "loud"}, "line 2: 'loud'"),
        (HEADER, {"type": "note", "text": "a", "stream": "agent"}, "line 2: `stream`"),
        (HEADER, {"type": "fail", "class": "exit", "message": "x", "text": 1}, "line 2: `text`"),
        ({**HEADER, "fingerprint": "x"}, {"type": "result"}, "line 1: `fingerprint`"),
        ({**HEADER, "incomplete": "x"}, {"type": "result"}, "line 1: `incomplete`"),
        (
            {**HEADER, "incomplete": ["big.bin: too large"]},
            {"type": "result"},
            "incomplete: what it leaves out is big.bin",
        ),
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


MADE_FOR = {"prompt": "1", "findings": "2"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (MADE_FOR, None),
        ({**MADE_FOR, "findings": "3"}, "what its predecessors found has changed"),
        ({**MADE_FOR, "prompt": "3", "answer": "4"}, "the prompt and the `answer` have changed"),
        ({"prompt": "1"}, "what its predecessors found has changed"),
        ({**MADE_FOR, "odd": "1"}, "the part `odd` has changed"),
    ],
)
@pytest.mark.parametrize("strict", ["no", "in the file", "in the command"])
def test_what_changed_is_named_and_strictly_nothing_is_played_then(
    tmp_path: Path, asked: dict[str, str], said: str | None, strict: str
) -> None:
    log = ListLog()
    header = {**HEADER, "fingerprint": MADE_FOR, "strict": strict == "in the file"}
    change = {"type": "write", "path": "a.py", "content": ""}
    outcome = play(
        *(tmp_path, change, {"type": "result"}),
        log=log,
        header=header,
        fingerprint=asked,
        strict=strict == "in the command",
    )
    if said is None:
        assert outcome.succeeded
        assert not any("changed" in text for text in log.texts)
    elif strict == "no":
        assert outcome.succeeded
        assert [text for text in log.texts if text.startswith(said)]
    else:
        assert outcome.failure is FailureClass.CONFLICT
        assert outcome.message == f"{said} since the transcript was made; record it anew"
        assert not (tmp_path / "workspace/a.py").exists()


def test_strictly_a_transcript_must_say_what_it_answers(tmp_path: Path) -> None:
    outcome = play(tmp_path, {"type": "result"}, strict=True)
    assert outcome.failure is FailureClass.CONFLICT
    assert "does not say for what it was made" in outcome.message
    header = {**HEADER, "prompt_sha256": hashlib.sha256(b"Look.").hexdigest()}
    assert play(tmp_path, {"type": "result"}, strict=True, header=header).succeeded


def test_a_failure_may_have_the_last_words(tmp_path: Path) -> None:
    failed = play(tmp_path, {"type": "fail", "class": "exit", "message": "no", "text": "I tried."})
    assert (failed.failure, failed.outputs) == (FailureClass.EXIT, {"text": "I tried."})


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
