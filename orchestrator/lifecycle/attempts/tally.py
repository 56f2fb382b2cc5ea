"""What one attempt has used of what it may use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from orchestrator.execution.amounts import Amounts, Unit, less, used
from orchestrator.execution.budget import LEAST, Allowance, allowance
from orchestrator.execution.outcome import AgentCall, Usage
from orchestrator.lifecycle.ports import Clock
from orchestrator.report.budget import overshoots


class Tally:
    """Grows with each call of an agent; a resolver may be called several times. `reserved` is None without a budget.

    `call` is the agent that was called; the calls of one attempt are all of the same.
    """

    def __init__(self, reserved: Amounts | None, began: datetime | None, clock: Clock) -> None:
        self.usage: Usage | None = None
        self.call: AgentCall | None = None
        self.reserved = reserved
        self._clock = clock
        self._began = began or clock.now()

    def add(self, usage: Usage | None) -> None:
        """An agent has been at work, and used this."""
        if usage:
            self.usage = self.usage + usage if self.usage else usage

    @property
    def left(self) -> Allowance | None:
        """What the next call may use; None without a budget."""
        if self.reserved is None:
            return None
        return allowance(less(self.reserved, self._used()))

    @property
    def used_up(self) -> bool:
        """Whether another call could only overrun."""
        left = less(self.reserved or {}, self._used())
        return any(counted < LEAST[unit] for unit, counted in left.items())

    def overshoots(self) -> Sequence[str]:
        """What was used beyond what was reserved, a sentence each."""
        return overshoots(self.reserved or {}, self._used())

    def _used(self) -> dict[Unit, int]:
        return used(self.usage, (self._clock.now() - self._began).total_seconds())
