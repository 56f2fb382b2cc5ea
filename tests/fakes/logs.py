"""The logs of node runs in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict

from orchestrator.execution.log_line import Level, LogLine
from orchestrator.lifecycle.ports.records import NewLogLine

RANKS = {level: rank for rank, level in enumerate(Level)}


class MemoryLogs:
    """`Logs` in lists; safe for threads. Nothing is ever cut: memory has no limit of its own."""

    def __init__(self) -> None:
        self._lines: dict[str, list[LogLine]] = {}
        self._lock = threading.Lock()

    def append(self, execution_id: str, lines: Sequence[NewLogLine]) -> int:
        with self._lock:
            stored = self._lines.setdefault(execution_id, [])
            first = len(stored) + 1
            stored.extend(LogLine(id=number, **asdict(line)) for number, line in enumerate(lines, start=first))
            return len(stored)

    def settle(self, execution_id: str) -> None:
        """Nothing is ever kept back."""

    def read(
        self,
        execution_id: str,
        *,
        run: int | None = None,
        level: Level | None = None,
        query: str = "",
        after: int = 0,
        limit: int = 1000,
    ) -> list[LogLine]:
        with self._lock:
            lines = [line for line in self._lines.get(execution_id, ()) if line.id > after]
        lines = [line for line in lines if run is None or line.run == run]
        lines = [line for line in lines if level is None or RANKS[line.level] >= RANKS[level]]
        return [line for line in lines if query.casefold() in line.text.casefold()][:limit]

    def tail(self, execution_id: str, run: int, lines: int) -> list[LogLine]:
        found = self.read(execution_id, run=run, limit=2**63)
        return found[-lines:] if lines > 0 else []

    def forget(self, execution_id: str) -> None:
        with self._lock:
            self._lines.pop(execution_id, None)

    def close(self) -> None:
        """Nothing to close."""
