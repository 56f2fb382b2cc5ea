"""Plays a transcript in place of an agent: same edits, same answer, and no model is called."""

from __future__ import annotations

import hashlib
import select
import time

from orchestrator.execution.state import FailureClass, Level, Outcome, Usage
from orchestrator.lifecycle.ports.runner import AgentTask, Control, LogSink, Task
from orchestrator.runners.answer import answer_problems
from orchestrator.runners.transcript import (
    Delete,
    Edit,
    Event,
    Fail,
    Result,
    Text,
    Tool,
    Transcript,
    TranscriptError,
    Used,
    Write,
    parse,
)
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

    def play(self, control: Control, pace: float) -> Outcome:
        self._introduce()
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

    def _introduce(self) -> None:
        self.log.line(f"replaying {self.transcript.agent or self.task.key}: no model is called", stream="mycelium")
        recorded = self.transcript.prompt_sha256
        if recorded and recorded != hashlib.sha256(self.action.prompt.encode()).hexdigest():
            text = "the prompt has changed since the transcript was made; what follows answers the old one"
            self.log.line(text, level=Level.WARNING, stream="mycelium")

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
            case Text():
                self._show(event.text, "agent")
            case Tool():
                self._show(f"{event.name} {event.input}".rstrip(), "tool")
                self._show(event.output, "tool", Level.DEBUG)
            case Edit():
                self.worktree.edit(event.path, event.old, event.new)
                self._show(f"Edit {event.path}", "tool")
            case Write():
                self.worktree.write(event.path, event.content)
                self._show(f"{'Resolve' if event.resolves else 'Write'} {event.path}", "tool")
            case Delete():
                self.worktree.delete(event.path)
                self._show(f"Delete {event.path}", "tool")
            case Used():
                self.usage = event.usage
            case Fail():
                return Outcome(failure=event.failure, message=event.message, usage=self.usage)
            case Result():
                return self._conclude(event)
        return None

    def _conclude(self, event: Result) -> Outcome:
        outputs = {"text": event.text, **event.answer}
        problems = answer_problems(event.answer, self.action.answer) if self.action.answer is not None else []
        if problems:
            return Outcome(failure=FailureClass.BAD_OUTPUT, message=f"answer: {'; '.join(problems)}", usage=self.usage)
        self._show(event.text, "agent")
        return Outcome(outputs=outputs, usage=self.usage)

    def _show(self, text: str, stream: str, level: Level = Level.INFO) -> None:
        for line in text.splitlines():
            self.log.line(line, level=level, stream=stream)


def _setup(message: str) -> Outcome:
    return Outcome(failure=FailureClass.SETUP, message=message)
