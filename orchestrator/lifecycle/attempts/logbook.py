"""Where an attempt writes its log: masked, in batches, and announced to watchers."""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Final

from orchestrator.definition.model import JsonValue
from orchestrator.errors import MyceliumError
from orchestrator.execution.log_line import Level
from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle import live
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.outage import through_outage
from orchestrator.lifecycle.ports import LiveEventKind, NewLogLine
from orchestrator.lifecycle.services import Services

BATCH_BYTES: Final = 65_536
BATCH_SECONDS: Final = 0.5
OWN_STREAM: Final = "mycelium"

_LOG = logging.getLogger(__name__)


class Logbook:
    """A `LogSink` for one attempt; a context manager that stores what is left at its end. Safe for threads."""

    def __init__(self, services: Services, run: NodeRun, mask: Mask) -> None:
        self._services = services
        self._run = run
        self._mask = mask
        self._waiting: list[NewLogLine] = []
        self._size = 0
        self._since = 0.0
        self._lock = threading.RLock()

    def __enter__(self) -> Logbook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()
        if kind is None:
            self._settle()

    def line(self, text: str, *, level: Level = Level.INFO, stream: str = "stdout", group: str = "") -> None:
        """Take a complete line, or several."""
        self._take(text, level, stream, group)

    def say(self, text: str, *, level: Level = Level.INFO, error_code: str | None = None) -> None:
        """A line of Mycelium's own."""
        self._take(text, level, OWN_STREAM, "", error_code)

    def mask(self, value: str) -> None:
        """From now on this value shows as `***`."""
        with self._lock:
            self._mask.add(value)

    def tick(self) -> None:
        """Store what has waited for half a second."""
        with self._lock:
            if self._waiting and self._services.clock.monotonic() - self._since >= BATCH_SECONDS:
                self.flush()

    def flush(self) -> None:
        """Store what waits, and tell the watchers."""
        with self._lock:
            lines, self._waiting, self._size = self._waiting, [], 0
            if not lines:
                return
            last = self._services.logs.append(self._run.execution_id, lines)
            shown: list[JsonValue] = [_shown(line) for line in lines]
            data: dict[str, JsonValue] = {"run": self._run.index, "key": self._run.key, "last_id": last, "lines": shown}
            execution_id, node = self._run.execution_id, self._run.node
            news = live.event(self._services, LiveEventKind.LOG, execution_id, node=node, data=data)
            self._services.events.publish(news)

    def _settle(self) -> None:
        """Have all of it stored, as what comes of the attempt will be, which waits for the same database."""
        try:
            through_outage(lambda: self._services.logs.settle(self._run.execution_id))
        except MyceliumError as error:
            _LOG.warning("the last lines of %s of execution %s: %s", self._run.key, self._run.execution_id, error)

    def _take(self, text: str, level: Level, stream: str, group: str, error_code: str | None = None) -> None:
        with self._lock:
            if not self._waiting:
                self._since = self._services.clock.monotonic()
            for line in text.splitlines() or [""]:
                self._append(line, level, stream, group, error_code)
            if self._size >= BATCH_BYTES:
                self.flush()
        self.tick()

    def _append(self, text: str, level: Level, stream: str, group: str, error_code: str | None) -> None:
        masked = self._mask.text(text)
        self._size += len(masked)
        self._waiting.append(
            NewLogLine(
                run=self._run.index,
                key=self._run.key,
                attempt=self._run.attempt,
                at=self._services.clock.now(),
                level=level,
                stream=stream,
                text=masked,
                group=self._mask.text(group),
                error_code=error_code,
            )
        )


def _shown(line: NewLogLine) -> dict[str, JsonValue]:
    return {
        "timestamp": line.at.isoformat(),
        "level": line.level.value,
        "stream": line.stream,
        "message": line.text,
        "group": line.group,
        "error_code": line.error_code,
    }
