"""The list of executions, newest first, in pages of a hundred."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.execution.state import Execution, ExecutionStatus
from orchestrator.report.duration import human_duration
from orchestrator.report.figures import figures, run_seconds, sentence
from orchestrator.report.view import ExecutionView
from orchestrator.site.files import folder_name
from orchestrator.site.graph import state_of
from orchestrator.site.pages import page
from orchestrator.site.state import Bar, Summary

PAGE_ROWS = 100
_BARS = 32
_HISTORY = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexRow:
    """One execution in the list."""

    execution: Execution
    summary: Summary
    href: str
    took: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryBar:
    """One execution in the picture above the list; `height` from 2 to 40."""

    state: str
    height: float
    href: str
    title: str


def summary(view: ExecutionView) -> Summary:
    """What stays in the state file, so that the list needs no view of old executions."""
    numbers = figures(view)
    seconds = [run_seconds(run, view) or 0.0 for run in view.runs]
    longest = max(seconds, default=0.0) or 1.0
    bars = tuple(
        Bar(state=state_of(run), height=_height(second, longest, 10))
        for run, second in list(zip(view.runs, seconds, strict=True))[:_BARS]
    )
    return Summary(sentence=sentence(view), bars=bars, cost_usd=numbers.cost_usd, replayed=view.replayed)


def index_pages(rows: Sequence[IndexRow]) -> Iterator[tuple[str, str]]:
    """File names and HTML; one page with advice when there is nothing to list."""
    count = max(1, -(-len(rows) // PAGE_ROWS))
    for number in range(1, count + 1):
        shown = rows[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
        html = page(
            "index.html",
            rows=shown,
            history=_history(rows) if number == 1 else (),
            totals=_totals(rows),
            number=number,
            count=count,
            previous=_file(number - 1) if number > 1 else "",
            following=_file(number + 1) if number < count else "",
        )
        yield _file(number), html


def index_row(execution: Execution, said: Summary, seconds: float | None) -> IndexRow:
    return IndexRow(
        execution=execution,
        summary=said,
        href=f"executions/{folder_name(execution.id)}/index.html",
        took=human_duration(seconds) if seconds is not None else "",
    )


def _file(number: int) -> str:
    return "index.html" if number == 1 else f"executions-{number}.html"


def _height(seconds: float, longest: float, steps: int) -> int:
    """A square root keeps short runs visible beside long ones."""
    return max(1, round(steps * math.sqrt(max(0.0, seconds) / longest)))


def _history(rows: Sequence[IndexRow]) -> tuple[HistoryBar, ...]:
    recent = [row for row in rows[:_HISTORY] if row.execution.status.ended][::-1]
    seconds = [_seconds(row.execution) for row in recent]
    longest = max(seconds, default=0.0) or 1.0
    return tuple(
        HistoryBar(
            state=row.execution.status.value,
            height=max(3, 40 * math.sqrt(second / longest)),
            href=row.href,
            title=f"{row.execution.workflow_name or row.execution.workflow_id} #{row.execution.number}: "
            f"{row.execution.status.value} in {row.took}",
        )
        for row, second in zip(recent, seconds, strict=True)
    )


def _seconds(execution: Execution) -> float:
    if execution.started_at is None or execution.completed_at is None:
        return 0.0
    return max(0.0, (execution.completed_at - execution.started_at).total_seconds())


def _totals(rows: Sequence[IndexRow]) -> dict[str, int]:
    ended = [row for row in rows if row.execution.status in (ExecutionStatus.COMPLETED, ExecutionStatus.FAILED)]
    completed = sum(1 for row in ended if row.execution.status is ExecutionStatus.COMPLETED)
    return {
        "executions": len(rows),
        "waiting": sum(1 for row in rows if row.execution.status is ExecutionStatus.WAITING),
        "running": sum(1 for row in rows if row.execution.status is ExecutionStatus.RUNNING),
        "rate": round(100 * completed / len(ended)) if ended else -1,
    }
