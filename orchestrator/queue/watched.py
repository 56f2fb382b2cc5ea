"""Live events for whoever holds the process tree they come from: without the tree none will ever come again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

from orchestrator.lifecycle.ports import Events, LiveEvent


class WatchedEvents:
    """`Events` whose readers call `check` before each event and each pause; what it raises ends the reading."""

    def __init__(self, events: Events, check: Callable[[], None]) -> None:
        self._events = events
        self._check = check

    def publish(self, *events: LiveEvent) -> None:
        self._events.publish(*events)

    @contextmanager
    def subscribe(self, execution_id: str) -> Generator[Iterator[LiveEvent | None]]:
        self._check()
        with self._events.subscribe(execution_id) as events:
            yield self._read(events)

    def _read(self, events: Iterator[LiveEvent | None]) -> Iterator[LiveEvent | None]:
        for event in events:
            self._check()
            yield event
