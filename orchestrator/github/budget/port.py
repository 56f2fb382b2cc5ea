"""What the wire needs of a budget, whoever keeps it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Protocol

from orchestrator.github.budget.limits import Ask, Reason, Told
from orchestrator.lifecycle.ports.github import Busy, Room

REASONS: Final = tuple(Reason)
"""In the order in which `admit.lua` counts them, from 1."""


class Budget(Protocol):
    """The account of one credential, shared by all processes that speak with it; safe for threads."""

    def admit(self, ask: Ask) -> str:
        """Enter a request that goes out now; `settle` takes what comes back. `Busy` where it must not go yet."""
        ...

    def settle(self, lease: str, told: Told) -> int:
        """Say how it ended; answers for how many milliseconds nothing may be sent from now on."""
        ...

    def room(self) -> Room: ...


def busy(now: datetime, wait: int, reason: Reason) -> Busy:
    """The error of a request that has to wait `wait` milliseconds."""
    until = now + timedelta(milliseconds=wait)
    return Busy(f"there is no room for a request to GitHub: {reason}", until=until)
