"""Attending a running attempt: its lease is kept fresh, and it hears when it should end."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import ExitStack
from types import TracebackType
from typing import Final

from orchestrator.errors import MyceliumError, SetupError
from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle.ports import Lease, StopReason, StopSignals
from orchestrator.lifecycle.services import Services

_LOG = logging.getLogger(__name__)

BEAT_SECONDS: Final = 2.0
DRAIN_SECONDS = 25.0
"""How long a draining worker lets its node run go on before it takes the work back."""


class Attendance:
    """A `Control` for one claim, and a context manager: a thread beats the lease as long as it is open."""

    def __init__(self, services: Services, claim: NodeRun, signals: StopSignals) -> None:
        self._services = services
        self._signals = signals
        self._lease = Lease(execution_id=claim.execution_id, index=claim.index, epoch=claim.epoch, beat=claim.lease)
        self._reason: StopReason | None = None
        self._drain_from: float | None = None
        self._look = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._attend, name=f"lease {claim.key}", daemon=True)
        self._stack = ExitStack()
        self._reading, self._writing = -1, -1

    def __enter__(self) -> Attendance:
        self._reading, self._writing = os.pipe()
        self._stack.callback(os.close, self._reading)
        self._stack.callback(os.close, self._writing)
        self._stack.callback(self._thread.join)
        self._stack.callback(self._close)
        self._thread.start()
        self._stack.enter_context(self._signals.listen(self._look.set))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def fileno(self) -> int:
        """The reading end of a pipe that becomes readable with the first reason, and stays so."""
        return self._reading

    def reason(self) -> StopReason | None:
        return self._reason

    def _close(self) -> None:
        self._closed.set()
        self._look.set()

    def _attend(self) -> None:
        while not self._closed.is_set():
            self._look.clear()
            try:
                self._tell(self._found())
            except SetupError as error:
                # Whoever settles the attempt meets the same, and ends the worker with it.
                _LOG.debug("%s", error)
            except MyceliumError as error:
                _LOG.warning("the lease of %s could not be renewed: %s", self._lease, error)
            if not self._closed.is_set():
                self._look.wait(BEAT_SECONDS)

    def _found(self) -> StopReason | None:
        cancelled = self._services.store.beat([self._lease]).get((self._lease.execution_id, self._lease.index))
        if cancelled is None:
            return StopReason.STALE
        if cancelled:
            return StopReason.CANCELLED
        return StopReason.DRAIN if self._drained() else None

    def _drained(self) -> bool:
        if not self._signals.draining():
            return False
        if self._signals.hurried():
            return True
        now = self._services.clock.monotonic()
        self._drain_from = now if self._drain_from is None else self._drain_from
        return now - self._drain_from >= DRAIN_SECONDS

    def _tell(self, reason: StopReason | None) -> None:
        if reason is None or reason is self._reason:
            return
        if self._reason is None:
            os.write(self._writing, b"!")
        self._reason = reason
