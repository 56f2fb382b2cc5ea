"""Approvals that nobody decided in time: those of executions that nobody runs are anybody's to settle."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orchestrator.lifecycle.archive.entry import Entry

LATEST: Final = timedelta(days=7)
"""How long jobs try to settle it."""

OVERSLEPT: Final = timedelta(minutes=10)
"""So long after its time, a job that holds an execution and is alive has settled it."""

MOST_LATE: Final = 5
"""What one job settles for others."""


def late_ones(entries: Iterable[Entry], now: datetime) -> list[Entry]:
    """Those whose time is over and that nobody runs, the latest first, and few of them.

    Whoever holds one sees to its approvals, unless that job was killed. What is overdue for days is left out: every job
    since then has found that it may not go on.
    """
    late = [(entry.due, entry) for entry in entries if entry.open and entry.due and now - LATEST < entry.due <= now]
    found = [entry for due, entry in sorted(late, key=itemgetter(0), reverse=True) if _is_idle(entry, now)]
    return found[:MOST_LATE]


def _is_idle(entry: Entry, now: datetime) -> bool:
    """A job that is alive would have settled it long before."""
    return not entry.holder or (entry.due is not None and now - entry.due > OVERSLEPT)
