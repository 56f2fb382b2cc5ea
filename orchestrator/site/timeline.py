"""The timeline of an execution: when each node run waited and ran, as shares of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.execution.state import NodeRun
from orchestrator.report.duration import human_duration
from orchestrator.report.figures import run_seconds
from orchestrator.report.view import ExecutionView
from orchestrator.site.graph import state_of

_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400)
_TICKS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A bar. `x` and `width` are percent of the track; `kind` is a state, `attempt` (an earlier one) or `queued`."""

    x: float
    width: float
    kind: str
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One node run with its bars."""

    key: str
    href: str
    state: str
    took: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """A mark on the time axis."""

    x: float
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """The rows in order of starting, and the axis above them."""

    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]


Attempts = Mapping[int, tuple[datetime, datetime]]
"""First and last log line of each attempt: the only trace that earlier attempts leave."""


def timeline(view: ExecutionView, anchors: Mapping[int, str], attempts: Mapping[int, Attempts]) -> Timeline | None:
    """None before anything began."""
    begun = [run for run in view.runs if run.ready_at or run.started_at]
    moments = [moment for run in begun for moment in (run.ready_at, run.started_at) if moment]
    if not moments:
        return None
    start = min(moments)
    end = max([start + timedelta(seconds=0.1), *[_end(run, view) for run in begun]])
    scale = _Scale(start=start, seconds=(end - start).total_seconds())
    ordered = sorted(begun, key=lambda run: (run.started_at or run.ready_at or view.now, run.index))
    return Timeline(
        rows=tuple(_row(view, run, anchors[run.index], attempts.get(run.index, {}), scale) for run in ordered),
        ticks=_ticks(scale),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scale:
    start: datetime
    seconds: float

    def at(self, moment: datetime) -> float:
        share = (moment - self.start).total_seconds() / self.seconds
        return round(min(100.0, max(0.0, share * 100)), 3)

    def span(self, begin: datetime, end: datetime, kind: str, title: str) -> Span:
        x = self.at(begin)
        return Span(x=x, width=max(0.35, round(self.at(end) - x, 3)), kind=kind, title=title)


def _end(run: NodeRun, view: ExecutionView) -> datetime:
    return run.completed_at or view.now


def _row(view: ExecutionView, run: NodeRun, anchor: str, attempts: Attempts, scale: _Scale) -> Row:
    seconds = run_seconds(run, view)
    return Row(
        key=run.key,
        href=f"#{anchor}",
        state=state_of(run),
        took=human_duration(seconds) if seconds is not None else "",
        spans=tuple(_spans(view, run, attempts, scale)),
    )


def _spans(view: ExecutionView, run: NodeRun, attempts: Attempts, scale: _Scale) -> list[Span]:
    end = _end(run, view)
    earlier = {number: times for number, times in sorted(attempts.items()) if number < run.attempt}
    first = min([times[0] for times in earlier.values()] + [run.started_at or end])
    spans = []
    if run.ready_at and run.ready_at < first:
        waited = human_duration((first - run.ready_at).total_seconds())
        spans.append(scale.span(run.ready_at, first, "queued", f"waited {waited}"))
    for number, (begin, last) in earlier.items():
        took = human_duration((last - begin).total_seconds())
        spans.append(scale.span(begin, last, "attempt", f"attempt {number}, {took}"))
    if run.started_at:
        took = human_duration((end - run.started_at).total_seconds())
        words = f"attempt {run.attempt}, " if run.attempt > 1 else ""
        spans.append(scale.span(run.started_at, end, state_of(run), f"{words}{took}"))
    return spans


def _ticks(scale: _Scale) -> tuple[Tick, ...]:
    step = next((step for step in _STEPS if scale.seconds / step <= _TICKS), scale.seconds / _TICKS)
    count = int(scale.seconds / step)
    marks = [
        Tick(x=round(100 * number * step / scale.seconds, 3), label=human_duration(number * step))
        for number in range(count + 1)
    ]
    return tuple(mark for mark in marks if mark.x <= 97)
