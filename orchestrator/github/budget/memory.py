"""The budget of a process that shares its credential with no other."""

from __future__ import annotations

from itertools import count
from threading import Lock

from orchestrator.github.budget.ledger import Ledger
from orchestrator.github.budget.limits import SECOND, Ask, Limits, Told
from orchestrator.github.budget.port import busy
from orchestrator.lifecycle.ports import Clock
from orchestrator.lifecycle.ports.github import Room


class MemoryBudget:
    """Implements `Budget` by the monotonic clock."""

    def __init__(self, clock: Clock, limits: Limits | None = None) -> None:
        self._clock = clock
        self._limits = limits or Limits()
        self._ledger = Ledger()
        self._lock = Lock()
        self._leases = count()

    def admit(self, ask: Ask) -> str:
        lease = str(next(self._leases))
        with self._lock:
            refused = self._ledger.admit(self._now(), lease, ask, self._limits)
        if refused:
            raise busy(self._clock.now(), *refused)
        return lease

    def settle(self, lease: str, told: Told) -> int:
        with self._lock:
            return self._ledger.settle(self._now(), lease, told)

    def room(self) -> Room:
        with self._lock:
            return Room(used=self._ledger.created(self._now()), most=self._limits.creations_an_hour)

    def _now(self) -> int:
        return int(self._clock.monotonic() * SECOND)
