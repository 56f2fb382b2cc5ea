"""Live events in memory, with the promises of the real ones: ordered, lossy, and only for those who subscribed."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from orchestrator.lifecycle.ports import LiveEvent


class FakeEvents:
    """Implements `Events`; `published` keeps everything. `patience` is how long a reader waits for the next event."""

    def __init__(self, *, patience: float = 0.01) -> None:
        self.published: list[LiveEvent] = []
        self._patience = patience
        self._guard = threading.Lock()
        self._readers: dict[str, list[queue.SimpleQueue[LiveEvent]]] = {}

    def publish(self, *events: LiveEvent) -> None:
        with self._guard:
            self.published += events
            for event in events:
                for reader in self._readers.get(event.execution_id, ()):
                    reader.put(event)

    @contextmanager
    def subscribe(self, execution_id: str) -> Generator[Iterator[LiveEvent | None]]:
        reader: queue.SimpleQueue[LiveEvent] = queue.SimpleQueue()
        with self._guard:
            self._readers.setdefault(execution_id, []).append(reader)
        try:
            yield self._read(reader)
        finally:
            with self._guard:
                self._readers[execution_id].remove(reader)

    def _read(self, reader: queue.SimpleQueue[LiveEvent]) -> Iterator[LiveEvent | None]:
        while True:
            try:
                yield reader.get(timeout=self._patience)
            except queue.Empty:
                yield None
