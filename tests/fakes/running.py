"""A control, a log and tasks for trying runners."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orchestrator.definition.model import AgentDefinition
from orchestrator.execution.log_line import Level
from orchestrator.lifecycle.ports.runner import AgentTask, ShellTask, StopReason, Task


class PipeControl:
    """Hears a reason through a pipe, as the real one does."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._reason: StopReason | None = None

    def fileno(self) -> int:
        return self._read

    def reason(self) -> StopReason | None:
        return self._reason

    def stop(self, reason: StopReason) -> None:
        self._reason = reason
        self.wake()

    def wake(self) -> None:
        os.write(self._write, b"x")

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


@contextmanager
def pipe_control() -> Iterator[PipeControl]:
    control = PipeControl()
    try:
        yield control
    finally:
        control.close()


class ListLog:
    """Keeps lines; `on_line` hears each, to act in the middle of a run."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Level, str, str]] = []
        self.masked: list[str] = []
        self.ticks = 0
        self.on_line: Any = lambda _text: None

    @property
    def texts(self) -> list[str]:
        return [line[0] for line in self.lines]

    def line(self, text: str, *, level: Level = Level.INFO, stream: str = "stdout", group: str = "") -> None:
        self.lines.append((text, level, stream, group))
        self.on_line(text)

    def mask(self, value: str) -> None:
        self.masked.append(value)

    def tick(self) -> None:
        self.ticks += 1


REVIEWER = AgentDefinition(id="code-reviewer", name="code-reviewer", description="Reviews.", prompt="You review.")


def task(folder: Path, action: ShellTask | AgentTask, **changes: Any) -> Task:
    """A task whose workspace and scratch folder lie below `folder`, which also names its execution: what is killed by
    its mark must not be another test's."""
    for name in ("workspace", "scratch", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    values: dict[str, Any] = {
        "execution_id": str(folder),
        "number": 7,
        "workflow_id": "quality/review",
        "key": "test (3.11)",
        "node": "test",
        "attempt": 1,
        "epoch": 2,
        "action": action,
        "workspace": folder / "workspace",
        "scratch": folder / "scratch",
        "temp": folder / "tmp",
        "writable": True,
        "timeout_seconds": 60.0,
    }
    return Task(**{**values, **changes})
