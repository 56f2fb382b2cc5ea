"""What an execution looks like while it runs: a live tree on a terminal, plain lines everywhere else."""

from __future__ import annotations

import shutil
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TextIO

import click

from orchestrator.cli.console import wants_colour
from orchestrator.execution.log_line import Level, LogLine
from orchestrator.lifecycle.ports import LiveEvent, LiveEventKind
from orchestrator.report.plain import plain_lines
from orchestrator.report.view import ExecutionView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

FRAMES_A_SECOND = 8
KEPT_LINES = 200


class Screen(Protocol):
    """A context manager, to be entered as often as needed, that shows an execution while it runs."""

    def __enter__(self) -> Screen: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def update(self, seen: ExecutionView) -> None:
        """Show the present state."""
        ...

    def hear(self, event: LiveEvent) -> None:
        """Take note of an event."""
        ...


def screen(stream: TextIO, environ: Mapping[str, str]) -> Screen:
    """The live tree where `stream` is a terminal that can move its cursor, else plain lines."""
    if stream.isatty() and environ.get("TERM", "dumb") != "dumb" and not environ.get("CI"):
        return LiveScreen(stream, colour=wants_colour(stream, environ))
    return PlainScreen(stream)


class PlainScreen:
    """One line for each change."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown: ExecutionView | None = None

    def __enter__(self) -> PlainScreen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to tidy up."""

    def update(self, seen: ExecutionView) -> None:
        for line in plain_lines(self._shown, seen):
            click.echo(line, file=self._stream)
        self._shown = seen

    def hear(self, event: LiveEvent) -> None:
        """Log lines are in the store and on the page; here they would drown the rest."""


class LiveScreen:
    """A tree that is redrawn in place; its last state stays on the screen."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._stream = stream
        self._colour = colour
        self._seen: ExecutionView | None = None
        self._lines: deque[LogLine] = deque(maxlen=KEPT_LINES)

    def __enter__(self) -> LiveScreen:
        from rich.console import Console
        from rich.live import Live

        console = Console(file=self._stream, no_color=not self._colour, highlight=False)
        self._live = Live(
            console=console,
            get_renderable=self._render,
            refresh_per_second=FRAMES_A_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def update(self, seen: ExecutionView) -> None:
        self._seen = seen

    def hear(self, event: LiveEvent) -> None:
        if event.event is LiveEventKind.LOG:
            self._lines.extend(_log_lines(event))

    def _render(self) -> RenderableType:
        from orchestrator.report.terminal import terminal_view

        if self._seen is None:
            return ""
        size = shutil.get_terminal_size()
        now = replace(self._seen, now=datetime.now(UTC))
        # The deque grows in another thread while this one draws.
        return terminal_view(now, lines=tuple(self._lines), width=size.columns, height=size.lines)


def _log_lines(event: LiveEvent) -> list[LogLine]:
    run, key, lines = event.data.get("run"), event.data.get("key"), event.data.get("lines")
    if not isinstance(run, int) or not isinstance(lines, list):
        return []
    return [
        LogLine(
            id=0,
            run=run,
            key=str(key),
            attempt=0,
            at=event.timestamp,
            level=Level.INFO,
            stream=str(line.get("stream")),
            text=str(line.get("message")),
        )
        for line in lines
        if isinstance(line, dict)
    ]
