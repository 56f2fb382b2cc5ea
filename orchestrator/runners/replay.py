"""Plays a transcript in place of an agent: same edits, same answer, and no model is called."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator

from orchestrator.definition.model import JsonValue
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import FailureClass, Outcome, Usage
from orchestrator.lifecycle.ports.runner import AgentTask, Control, LogSink, Task
from orchestrator.runners.answer import answer_problems
from orchestrator.runners.happenings import Called, Happening, Noted, Returned, Said
from orchestrator.runners.narration import narrate
from orchestrator.runners.spending import spent_words
from orchestrator.runners.staleness import staleness
from orchestrator.runners.transcript import (
    Delete,
    Edit,
    Event,
    Fail,
    Link,
    Note,
    Result,
    Text,
    Tool,
    Transcript,
    Used,
    Write,
)
from orchestrator.runners.transcript_reading import TranscriptError, parse
from orchestrator.runners.worktree import Worktree, WorktreeError

TICK_SECONDS = 0.25


class ReplayRunner:
    """`engine: replay`. `pace` scales the pauses of transcripts: 0 plays them without any."""

    def __init__(self, *, pace: float = 1.0) -> None:
        self._pace = pace

    def run(self, task: Task, log: LogSink, control: Control) -> Outcome:
        assert isinstance(task.action, AgentTask)  # noqa: S101 - the registry has it by engine
        name = task.action.transcript_name or task.key
        if task.action.transcript is None:
            return _setup(f"there is no transcript to replay; add `<workflow file without suffix>.replay/{name}.jsonl`")
        try:
            transcript = parse(task.action.transcript)
        except TranscriptError as error:
            return _setup(f"the transcript `{name}.jsonl` cannot be played: {error}")
        if transcript.incomplete:
            what = "; ".join(transcript.incomplete)
            return _setup(f"the transcript `{name}.jsonl` is incomplete: what it leaves out is {what}")
        return _Playing(task, task.action, transcript, log).play(control, self._pace)


class _Playing:
    """One transcript on its way through one workspace."""

    def __init__(self, task: Task, action: AgentTask, transcript: Transcript, log: LogSink) -> None:
        self.task = task
        self.action = action
        self.transcript = transcript
        self.log = log
        self.worktree = Worktree(task.workspace)
        self.usage = Usage(model=transcript.model, replayed=True)
        self.said = ""

    def play(self, control: Control, pace: float) -> Outcome:
        self.log.line(f"replaying {self.transcript.agent or self.task.key}: no model is called", stream="mycelium")
        if stale := staleness(self.transcript, self.action):
            if self.transcript.strict or self.action.strict:
                return Outcome(failure=FailureClass.CONFLICT, message=f"{stale}; record it anew", usage=self.usage)
            self.log.line(f"{stale}; what follows answers the old one", level=Level.WARNING, stream="mycelium")
        deadline = time.monotonic() + self.task.timeout_seconds
        for number, event in self.transcript.events:
            ending = self._pause(event.after_ms / 1000 * pace, deadline, control)
            if ending is not None:
                return ending
            try:
                ending = self._perform(event)
            except WorktreeError as error:
                message = f"line {number} of the transcript does not fit this workspace: {error}"
                return Outcome(failure=FailureClass.CONFLICT, message=message, usage=self.usage)
            if ending is not None:
                return ending
        return Outcome(failure=FailureClass.BAD_OUTPUT, message="the transcript has no `result`", usage=self.usage)

    def _pause(self, seconds: float, deadline: float, control: Control) -> Outcome | None:
        """Let time pass, awake for the control and the clock."""
        until = time.monotonic() + seconds
        heard: list[int] = []
        while True:
            if control.reason() is not None:
                return Outcome(cancelled=True, message="cancelled", usage=self.usage)
            now = time.monotonic()
            if now >= deadline:
                return Outcome(failure=FailureClass.TIMEOUT, message="timed out while replaying", usage=self.usage)
            if now >= until:
                self.log.tick()
                return None
            self.log.tick()
            # A control that was heard and has no reason yet is left alone for a tick, or this would spin.
            watched = [] if heard else [control.fileno()]
            heard, _, _ = select.select(watched, [], [], min(TICK_SECONDS, until - now, deadline - now))

    def _perform(self, event: Event) -> Outcome | None:
        """Show the event and do what it did; an outcome when it was the last."""
        match event:
            case Edit() | Write() | Link() | Delete():
                self._change(event)
            case Used():
                self.usage = event.usage
                if words := spent_words(event.usage):
                    self.log.line(f"used when it was recorded: {words}", stream="mycelium")
            case Fail():
                outputs: dict[str, JsonValue] = {} if event.text is None else {"text": event.text}
                return Outcome(failure=event.failure, message=event.message, outputs=outputs, usage=self.usage)
            case Result():
                return self._conclude(event)
            case _:
                for happening in _happenings(event):
                    narrate(happening, self.log)
                if isinstance(event, Text) and not event.nested:
                    self.said = event.text
        return None

    def _change(self, event: Edit | Write | Link | Delete) -> None:
        match event:
            case Edit():
                self.worktree.edit(event.path, event.old, event.new)
            case Write():
                self.worktree.write(event.path, event.content, executable=event.executable)
            case Link():
                self.worktree.link(event.path, event.target)
            case Delete():
                self.worktree.delete(event.path)
        verb = "Resolve" if isinstance(event, Write) and event.resolves else type(event).__name__
        narrate(Called(id="", name=verb, input=event.path), self.log)

    def _conclude(self, event: Result) -> Outcome:
        outputs = {"text": event.text, **event.answer}
        problems = answer_problems(event.answer, self.action.answer) if self.action.answer is not None else []
        if problems:
            return Outcome(failure=FailureClass.BAD_OUTPUT, message=f"answer: {'; '.join(problems)}", usage=self.usage)
        if event.text != self.said:
            narrate(Said(text=event.text), self.log)
        return Outcome(outputs=outputs, usage=self.usage)


def _happenings(event: Text | Tool | Note) -> Iterator[Happening]:
    """What it was when it was recorded."""
    match event:
        case Text():
            yield Said(text=event.text, nested=event.nested)
        case Tool():
            yield Called(id="", name=event.name, input=event.input, nested=event.nested)
            yield Returned(id="", output=event.output, failed=event.failed)
        case Note():
            yield Noted(text=event.text, level=event.level, stream=event.stream)


def _setup(message: str) -> Outcome:
    return Outcome(failure=FailureClass.SETUP, message=message)
