"""Wake-up tokens and stop signals in memory, with the promises of the real ones."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager

Listener = Callable[[], None]


class FakeStopSignals:
    """Implements `StopSignals`. `FakeWake.stop` and `drain` call the listeners in the caller's thread."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._draining = self._hurried = False
        self._guard = threading.Lock()

    @contextmanager
    def listen(self, notify: Listener) -> Generator[None]:
        with self._guard:
            self._listeners.append(notify)
        try:
            yield
        finally:
            with self._guard:
                self._listeners.remove(notify)

    def draining(self) -> bool:
        return self._draining

    def hurried(self) -> bool:
        return self._hurried

    def drain(self, *, hurry: bool = False) -> None:
        """What SIGTERM, or an interruption, does to a worker process."""
        self._draining = True
        self._hurried = hurry
        self.notify()

    def notify(self) -> None:
        with self._guard:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()


class FakeWake:
    """Implements `Wake`. Tests set `idle` (workers by label) and read `tokens`, `nudged` and `stopped`."""

    def __init__(self, signals: FakeStopSignals | None = None, *, idle: dict[str, int] | None = None) -> None:
        self.signals = signals or FakeStopSignals()
        self.idle = Counter(idle or {})
        self.tokens: Counter[str] = Counter()
        self.stopped: list[str] = []
        self.nudged = False

    def workers(self, label: str, count: int) -> None:
        self.tokens[label] += max(0, min(count, self.idle[label] - self.tokens[label]))

    def control(self) -> None:
        self.nudged = True

    def stop(self, execution_id: str) -> None:
        self.stopped.append(execution_id)
        self.signals.notify()
