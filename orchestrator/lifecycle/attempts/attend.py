"""Attending running attempts: their leases are kept fresh, and they hear when they should end."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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
    """A `Control` for one claim."""

    def __init__(self, claim: NodeRun) -> None:
        self.lease = Lease(execution_id=claim.execution_id, index=claim.index, epoch=claim.epoch, beat=claim.lease)
        self.drained_since: float | None = None
        self._reason: StopReason | None = None
        self._reading, self._writing = os.pipe()
        self._open = threading.Lock()

    def fileno(self) -> int:
        """The reading end of a pipe that becomes readable with the first reason, and stays so."""
        return self._reading

    def reason(self) -> StopReason | None:
        return self._reason

    def tell(self, reason: StopReason) -> None:
        """Pass on why the attempt should end; an attempt that has ended does not hear it."""
        with self._open:
            heard, self._reason = self._reason, reason
            # Whoever waits for the pipe asks for the reason at once.
            if heard is None and self._writing >= 0:
                os.write(self._writing, b"!")

    def close(self) -> None:
        with self._open:
            os.close(self._writing)
            os.close(self._reading)
            self._writing = -1


class Attendant:
    """Attends one attempt after the other, from a thread that lives as long as the `with` block.

    A claim is fresh when its attempt begins, so the first look is one beat later, or when a signal comes.
    """

    def __init__(self, services: Services, signals: StopSignals) -> None:
        self._services = services
        self._signals = signals
        self._attended: Attendance | None = None
        self._look = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
        self._stack = ExitStack()

    def __enter__(self) -> Attendant:
        self._stack.callback(self._close)
        self._stack.enter_context(self._signals.listen(self._look.set))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @contextmanager
    def attending(self, claim: NodeRun) -> Iterator[Attendance]:
        """Keep the lease of a claim fresh within the block."""
        attendance = self._attended = Attendance(claim)
        try:
            if self._thread.ident is None:
                self._thread.start()
            if self._signals.draining():
                self._look.set()
            yield attendance
        finally:
            self._attended = None
            attendance.close()

    def _close(self) -> None:
        self._closed = True
        self._look.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closed:
            self._look.wait(BEAT_SECONDS)
            self._look.clear()
            attended = self._attended
            if attended and not self._closed:
                self._look_after(attended)

    def _look_after(self, attended: Attendance) -> None:
        try:
            reason = self._found(attended)
        except SetupError as error:
            # Whoever settles the attempt meets the same, and ends the worker with it.
            _LOG.debug("%s", error)
        except MyceliumError as error:
            _LOG.warning("the lease of %s could not be renewed: %s", attended.lease, error)
        else:
            if reason is not None:
                attended.tell(reason)

    def _found(self, attended: Attendance) -> StopReason | None:
        lease = attended.lease
        cancelled = self._services.store.beat([lease]).get((lease.execution_id, lease.index))
        if cancelled is None:
            return StopReason.STALE
        if cancelled:
            return StopReason.CANCELLED
        return StopReason.DRAIN if self._drained(attended) else None

    def _drained(self, attended: Attendance) -> bool:
        if not self._signals.draining():
            return False
        if self._signals.hurried():
            return True
        now = self._services.clock.monotonic()
        attended.drained_since = now if attended.drained_since is None else attended.drained_since
        return now - attended.drained_since >= DRAIN_SECONDS
