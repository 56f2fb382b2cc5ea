"""Watching an execution until it has ended, or until only a person can move it on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from orchestrator.errors import Unavailable
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.perform import perform
from orchestrator.lifecycle.ports import LiveEvent, LiveEventKind
from orchestrator.lifecycle.report import view
from orchestrator.lifecycle.services import Services
from orchestrator.report.view import ExecutionView

# A view is read anew at most this often, and at most a fifth of the time goes into reading views.
LEAST_PAUSE_SECONDS = 0.1
PAUSE_FACTOR = 4
OUTAGE_SECONDS = 120.0
AFTER_ERROR_SECONDS = 0.5
ENDINGS = (
    LiveEventKind.EXECUTION_COMPLETED,
    LiveEventKind.EXECUTION_FAILED,
    LiveEventKind.EXECUTION_CANCELLED,
)


class Watcher(Protocol):
    """Who is shown an execution while it runs."""

    def update(self, seen: ExecutionView) -> None:
        """The present state."""
        ...

    def hear(self, event: LiveEvent) -> None:
        """What has happened just now."""
        ...


def follow(services: Services, execution_id: str, watcher: Watcher) -> ExecutionView:
    """Show the execution until it has ended or waits for a person; the last view, shown already.

    The work goes on elsewhere, so a database or Redis that is out of reach is waited for; `Unavailable` after
    `OUTAGE_SECONDS` without a view.
    """
    seen_at = time.monotonic()

    def shown(seen: ExecutionView) -> None:
        nonlocal seen_at
        seen_at = time.monotonic()
        watcher.update(seen)

    while True:
        try:
            return _followed(services, execution_id, watcher, shown)
        except Unavailable:
            if time.monotonic() - seen_at > OUTAGE_SECONDS:
                raise
            time.sleep(AFTER_ERROR_SECONDS)


def _followed(
    services: Services, execution_id: str, watcher: Watcher, shown: Callable[[ExecutionView], None]
) -> ExecutionView:
    with services.events.subscribe(execution_id) as events:
        pace = Pace(time.monotonic)
        seen = _read(services, execution_id, shown, pace)
        while not settled(seen):
            event = next(events, None)
            if event is not None:
                watcher.hear(event)
            if event is None or event.event in ENDINGS or pace.due():
                seen = _read(services, execution_id, shown, pace)
    # The worker that ended it may still be keeping the result on a branch; doing that twice is no harm.
    perform(services, execution_id)
    return _read(services, execution_id, shown, pace)


def settled(seen: ExecutionView) -> bool:
    """Whether nothing will change by itself."""
    return seen.execution.status.ended or seen.execution.status is ExecutionStatus.WAITING


def _read(services: Services, execution_id: str, shown: Callable[[ExecutionView], None], pace: Pace) -> ExecutionView:
    with pace:
        seen = view(services, execution_id)
    shown(seen)
    return seen


class Pace:
    """Spaces readings of the store, wider where one takes long."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._began = 0.0
        self._next = 0.0

    def due(self) -> bool:
        """Whether it is time for the next reading."""
        return self._monotonic() >= self._next

    def __enter__(self) -> None:
        self._began = self._monotonic()

    def __exit__(self, *_error: object) -> None:
        now = self._monotonic()
        self._next = now + max(LEAST_PAUSE_SECONDS, PAUSE_FACTOR * (now - self._began))
