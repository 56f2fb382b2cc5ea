"""What is heard of an agent becomes events that `engine: replay` plays."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import Usage
from orchestrator.runners.happenings import Called, Happening, Noted, Returned, Said, Spent, Started
from orchestrator.runners.recorder import MOST_PAUSE_MS, MOST_RECORDED_BYTES, MOST_RECORDED_CHARACTERS, Recorder
from orchestrator.runners.transcript import Note, Text, Tool
from orchestrator.runners.transcript_reading import parse


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def recorded(*happenings: Happening) -> list[dict[str, Any]]:
    recorder = Recorder(Clock())
    for happening in happenings:
        recorder.hear(happening)
    return [json.loads(line) for line in recorder.text().splitlines()]


def test_everything_that_people_see_is_kept_and_can_be_played() -> None:
    recorder = Recorder(Clock())
    for happening in (
        Started(program="Claude Code 2", model="sonnet"),
        Said(text="I look.\u2028 Grüße\n"),
        Called(id="1", name="Task", input={"prompt": "Look"}),
        Called(id="2", name="Read", input={"file_path": "a.py"}, nested=True),
        Returned(id="2", output="no such file", failed=True),
        Said(text="Nothing there.", nested=True),
        Returned(id="1", output="done"),
        Noted(text="retry 1 of 2", level=Level.WARNING),
        Spent(usage=Usage(turns=1)),
    ):
        recorder.hear(happening)
    played = parse('{"mycelium_transcript": 1}\n' + recorder.text())
    assert [event for _, event in played.events] == [
        Text(text="I look.\u2028 Grüße\n"),
        Tool(name="Read", input={"file_path": "a.py"}, output="no such file", failed=True, nested=True),
        Text(text="Nothing there.", nested=True),
        Tool(name="Task", input={"prompt": "Look"}, output="done"),
        Note(text="retry 1 of 2", level=Level.WARNING),
    ]


def test_pauses_are_kept_up_to_a_second() -> None:
    clock = Clock()
    recorder = Recorder(clock)
    for pause in (30.0, 0.25, 600.0):
        clock.seconds += pause
        recorder.hear(Said(text="x"))
    assert [json.loads(line)["after_ms"] for line in recorder.text().splitlines()] == [0, 250, MOST_PAUSE_MS]


def test_a_call_that_never_returned_is_there_without_output() -> None:
    events = recorded(Called(id="1", name="Bash", input="sleep 100"), Called(id="1", name="Bash", input="again"))
    assert [(event["input"], event.get("output")) for event in events] == [("sleep 100", None), ("again", None)]


def test_what_returns_without_a_call_is_nothing() -> None:
    assert recorded(Returned(id="1", output="x")) == []


def test_long_and_deep_values_are_cut() -> None:
    deep: Any = "core"
    for _ in range(100):
        deep = [deep]
    endless: Any = "core"
    for _ in range(100_000):
        endless = [endless]
    long = "x" * (MOST_RECORDED_CHARACTERS + 5)
    events = recorded(
        Said(text=long),
        *(part for n, value in enumerate((deep, endless, {"content": long})) for part in _call(str(n), value, long)),
    )
    assert events[0]["text"].endswith("x… (5 characters more)")
    assert [event["input"][:9] for event in events[1:]] == ["[[[[[[[[[", "(nested t", '{"content']
    assert all(len(json.dumps(event)) < 3 * MOST_RECORDED_CHARACTERS for event in events)


def _call(number: str, value: Any, output: str) -> tuple[Happening, Happening]:
    return Called(id=number, name="Write", input=value), Returned(id=number, output=output)


def test_past_the_limit_events_are_counted() -> None:
    text = "x" * MOST_RECORDED_CHARACTERS
    events = recorded(*[Said(text=text)] * 200)
    assert events[-1]["type"] == "note"
    left_out = 200 - (len(events) - 1)
    assert events[-1]["text"] == f"{left_out} more events were not recorded"
    assert sum(len(json.dumps(event)) for event in events[:-1]) <= MOST_RECORDED_BYTES
