"""The books of budgets: what attempts have reserved and spent, and what that leaves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from orchestrator.execution.amounts import Amounts, Unit, total


@dataclass(frozen=True, kw_only=True, slots=True)
class Reservation:
    """What the attempt at `epoch` may use of what is limited; once it has ended, what it used, in every unit.

    `assumed`: nobody knows what it used, and all that it had reserved counts as spent. `earlier`: a rerun has begun
    the node run anew since.
    """

    index: int
    epoch: int
    reserved: Amounts
    spent: Amounts | None = None
    assumed: bool = False
    earlier: bool = False

    @property
    def open(self) -> bool:
        """Whether the attempt is still at work."""
        return self.spent is None

    @property
    def counts(self) -> bool:
        """Whether the execution has spent it: an assumption does not outlive a rerun."""
        return not (self.assumed and self.earlier)


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """What several attempts come to."""

    spent: Amounts = field(default_factory=dict)
    reserved: Amounts = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """A limit, and how it stands."""

    limit: Amounts = field(default_factory=dict)
    balance: Balance = field(default_factory=Balance)

    def left(self, unit: Unit) -> int:
        """What is not spent; negative where it was overrun."""
        return self.limit[unit] - self.balance.spent.get(unit, 0)

    def free(self, unit: Unit) -> int:
        """What is neither spent nor reserved."""
        return self.left(unit) - self.balance.reserved.get(unit, 0)


def balance(reservations: Iterable[Reservation]) -> Balance:
    """What these attempts spent, and what those of them that are at work have reserved."""
    known = [each for each in reservations if each.counts]
    return Balance(
        spent=total(each.spent for each in known if each.spent is not None),
        reserved=total(each.reserved for each in known if each.open),
    )
