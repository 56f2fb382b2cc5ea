"""What agents do becomes transcripts: complete, kept with the outcome, and refused where a part is missing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.model import Agent, Retry, RetryClass, WorkspaceMode
from orchestrator.execution.outcome import FailureClass, Outcome, Usage
from orchestrator.lifecycle.attempts import changed_files, recording
from orchestrator.lifecycle.ports import AgentTask, Control, LogSink, Task
from orchestrator.lifecycle.rerun import rerun
from orchestrator.runners.happenings import Called, Returned, Said
from tests.fakes.recorded import AGENTS, files, only, transcripts, works
from tests.fakes.world import World, node, workflow

WRITE, NONE = WorkspaceMode.WRITE, WorkspaceMode.NONE
USAGE = Usage(model="sonnet", input_tokens=10, output_tokens=5, cache_read_tokens=3, turns=2, cost_usd=0.5)
FIX = node("fix", action=Agent(agent="writer", prompt="Fix it."), workspace=WRITE)


def test_a_transcript_says_who_was_asked_what_and_what_came_of_it(world: World) -> None:
    world.runner.deeds["fix"] = works(Outcome(outputs={"text": "Done."}, usage=USAGE), files({"new.txt": "new\n"}))
    header, *events = only(world, FIX)
    assert (header["agent"], header["engine"], header["model"]) == ("writer", "claude", "sonnet")
    assert set(header["fingerprint"]) == {"prompt", "agent"}
    assert "incomplete" not in header
    assert events == [
        {"type": "text", "text": "I look.", "after_ms": 0},
        {"type": "tool", "name": "Bash", "input": {"command": "ls"}, "output": "README.md", "after_ms": 0},
        {"type": "write", "path": "new.txt", "content": "new\n"},
        {
            "type": "usage",
            "model": "sonnet",
            "input_tokens": 10,
            "output_tokens": 5,
            "cache_read_tokens": 3,
            "cache_write_tokens": 0,
            "turns": 2,
            "cost_usd": 0.5,
        },
        {"type": "result", "text": "Done."},
    ]


def test_the_folder_is_not_told_but_in_words(world: World) -> None:
    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        here = str(task.workspace)
        call = Called(id="1", name="Read", input={"file_path": f"{here}/a.py", "in": [here]})
        said = (Said(text=f"I am in {here}."), call, Returned(id="1", output=f"{here}/b.py\n{here}"))
        return works(Outcome(), said=said)(task, log, control)

    world.runner.deeds["fix"] = deed
    _, said, call, _ = only(world, FIX)
    assert said["text"] == f"I am in {world.runner.task('fix').workspace}."
    assert (call["input"], call["output"]) == ({"file_path": "a.py", "in": ["."]}, "b.py\n.")


def test_nothing_is_recorded_unless_it_is_wanted(world: World) -> None:
    world.runner.deeds["fix"] = works(Outcome())
    execution = world.run(workflow(FIX), agents=AGENTS)
    assert transcripts(world, execution) == {}
    action = world.runner.task("fix").action
    assert isinstance(action, AgentTask)
    assert action.record is None


def test_commands_are_not_recorded(world: World) -> None:
    execution = world.run(workflow(node("build")), record=True)
    assert transcripts(world, execution) == {}


def test_the_last_attempt_counts(world: World) -> None:
    world.runner.deeds["fix"] = [  # type: ignore[assignment]
        Outcome(failure=FailureClass.OVERLOADED, message="busy"),
        Outcome(outputs={"text": "Done."}),
    ]
    retry = Retry(attempts=2, delay_seconds=0, on=(RetryClass.OVERLOADED,))
    _, end = only(world, node("fix", action=Agent(agent="writer"), retry=retry))
    assert end == {"type": "result", "text": "Done."}


def test_what_was_cancelled_leaves_no_transcript(world: World) -> None:
    world.runner.deeds["fix"] = works(Outcome(cancelled=True))
    execution = world.run(workflow(FIX), agents=AGENTS, record=True)
    assert transcripts(world, execution) == {}


def test_rerun_records_again(world: World) -> None:
    world.runner.deeds["fix"] = works(Outcome())
    execution = world.run(workflow(FIX), agents=AGENTS, record=True)
    again = rerun(world.services, execution.id, failed_only=False)
    assert world.services.plan(again.id).record


@pytest.mark.parametrize(
    ("outcome", "end"),
    [
        (
            Outcome(failure=FailureClass.MAX_TURNS, message="too many", outputs={"text": "I was at it."}),
            {"type": "fail", "class": "max_turns", "message": "too many", "text": "I was at it."},
        ),
        (
            Outcome(failure=FailureClass.AUTH, message="no key"),
            {"type": "fail", "class": "auth", "message": "no key", "text": ""},
        ),
        (
            Outcome(outputs={"text": "Half a pair: \ud83d", "verdict": "keep"}),
            {"type": "result", "text": "Half a pair: \ufffd", "answer": {"verdict": "keep"}},
        ),
    ],
)
def test_how_it_ended(world: World, outcome: Outcome, end: dict[str, Any]) -> None:
    world.runner.deeds["fix"] = works(outcome)
    assert only(world, FIX)[-1] == end


def test_outputs_past_their_limits_end_as_the_node_does(world: World) -> None:
    world.runner.deeds["fix"] = works(Outcome(outputs={"text": "x" * 1_100_000}))
    end = only(world, FIX)[-1]
    assert (end["type"], end["class"]) == ("fail", "bad_output")


def test_what_does_not_fit_is_left_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MAX_TRANSCRIPT_BYTES", 210_000)
    change = files({"a.txt": "a" * 6_000, "b.txt": "b" * 20_000, "c.txt": '"' * 3_500, "d.txt": "small"})
    world.runner.deeds["fix"] = works(Outcome(), change)
    header, *events = only(world, FIX)
    assert header["incomplete"] == [
        "b.txt: it has 20,000 bytes, and the transcript has no room for it",
        "c.txt: the transcript has no room for it",
    ]
    assert [event["path"] for event in events if event["type"] == "write"] == ["a.txt", "d.txt"]


def test_very_many_that_are_left_out_are_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MAX_TRANSCRIPT_BYTES", 200_300)
    world.runner.deeds["fix"] = works(Outcome(), files({f"{n:02}.txt": "x" * 1_000 for n in range(25)}))
    header = only(world, FIX)[0]
    assert len(header["incomplete"]) == 21
    assert header["incomplete"][-1] == "and 5 more"


def test_a_file_that_cannot_be_read_is_left_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(place: Path) -> None:
        raise PermissionError(13, "Permission denied", str(place))

    monkeypatch.setattr(changed_files, "_content", refuse)
    world.runner.deeds["fix"] = works(Outcome(), files({"locked": "x"}))
    assert only(world, node("fix", action=Agent(agent="writer"), workspace=NONE))[0]["incomplete"] == [
        "locked: it cannot be read"
    ]


def odd(folder: Path) -> None:
    """What a folder without a repository may hold."""
    files({"report.md": "r", "deep/in/run.sh": "#!/bin/sh\n"})(folder)
    (folder / "deep/in/run.sh").chmod(0o755)
    (folder / "to").symlink_to("deep")
    (folder / "nowhere").symlink_to("/does/not/exist")
    os.mkfifo(folder / "pipe")
    (folder / "nested/.git").mkdir(parents=True)
    (folder / "nested/.git/config").write_text("x")
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9")).write_text("x")


def test_without_a_repository_every_file_is_a_change(world: World) -> None:
    world.runner.deeds["a"] = works(Outcome(), odd)
    header, *events = only(world, node("a", action=Agent(agent="writer"), workspace=NONE))
    assert events[2:-1] == [
        {"type": "write", "path": "deep/in/run.sh", "content": "#!/bin/sh\n", "executable": True},
        {"type": "link", "path": "nowhere", "target": "/does/not/exist"},
        {"type": "write", "path": "report.md", "content": "r"},
        {"type": "link", "path": "to", "target": "deep"},
    ]
    assert header["incomplete"] == ["caf?: it cannot be read", "pipe: it is no ordinary file"]
