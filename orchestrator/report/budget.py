"""Budgets in words: how they stand, and why an attempt does not start."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.execution.amounts import Amounts, Unit, beyond, value
from orchestrator.execution.budget import Lack, Short
from orchestrator.execution.ledger import Ledger
from orchestrator.report.numbers import human_count


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A limit and what of it is spent, as people read it; `over` is what was spent beyond it, or empty."""

    unit: Unit
    spent: str
    limit: str
    over: str

    @property
    def text(self) -> str:
        """`0.42 of 2.00 USD`, `96.2k of 100k tokens`, `2.10 of 2.00 USD (0.10 over)`."""
        over = f" ({self.over} over)" if self.over else ""
        return f"{self.spent} of {self.limit}{over}"


_NAMES = {Unit.USD: "USD", Unit.TOKENS: "tokens", Unit.TURNS: "turns", Unit.MINUTES: "minutes"}


def exactly(unit: Unit, counted: int) -> str:
    """`0.5025 USD`, `12,000 tokens`, `1 turn`, `1.5 minutes`: for sentences that compare amounts."""
    figure = _exact(unit, counted)
    name = _NAMES[unit]
    return f"{figure} {name.removesuffix('s') if figure == '1' else name}"


def listed(amounts: Amounts) -> str:
    """`0.50 USD, 3 turns`."""
    return ", ".join(exactly(unit, amounts[unit]) for unit in Unit if unit in amounts)


def standings(ledger: Ledger) -> tuple[Standing, ...]:
    """How each of its limits stands."""
    return tuple(_standing(unit, ledger) for unit in Unit if unit in ledger.limit)


def refusal(short: Short) -> str:
    """Why an attempt never starts, and what to do about it."""
    own = any(lack.own for lack in short.lacks)
    whose = "node" if own else "workflow"
    return f"it did not start: {_lacks(short)} (raise the `budget` of the {whose})"


def waiting(short: Short) -> str:
    """Why an attempt does not start now."""
    return f"waits until other nodes give back what they have reserved: {_lacks(short)}"


def forfeit(reserved: Amounts) -> str:
    """What is said where nobody knows what an attempt used."""
    return f"what it had reserved counts as spent: {listed(reserved)}"


def overshoots(allowed: Amounts, spent: Amounts) -> tuple[str, ...]:
    """What an attempt used beyond what it was allowed, a sentence each."""
    over = beyond(allowed, spent)
    return tuple(
        f"the attempt used {exactly(unit, over[unit])} more than the {exactly(unit, allowed[unit])} it was allowed"
        for unit in Unit
        if unit in over
    )


def _lacks(short: Short) -> str:
    return "; ".join(_lack(lack, lack.free if short.passes else lack.left) for lack in short.lacks)


def _lack(lack: Lack, there_is: int) -> str:
    limit = exactly(lack.unit, lack.limit)
    if lack.own:
        return f"of its {limit}, {exactly(lack.unit, lack.limit - lack.left)} are spent"
    needed, there = exactly(lack.unit, lack.needed), exactly(lack.unit, max(0, there_is))
    return f"it needs {needed}, and {there} of the execution's {limit} are left"


def _standing(unit: Unit, ledger: Ledger) -> Standing:
    spent, limit = ledger.balance.spent.get(unit, 0), ledger.limit[unit]
    return Standing(
        unit=unit,
        spent=_rough(unit, spent),
        limit=f"{_rough(unit, limit)} {_NAMES[unit]}",
        over=_rough(unit, spent - limit) if spent > limit else "",
    )


def _exact(unit: Unit, counted: int) -> str:
    if unit in (Unit.TOKENS, Unit.TURNS):
        return f"{counted:,}"
    whole, _, decimals = f"{value(unit, counted):,.4f}".partition(".")
    shown = decimals.rstrip("0")
    if unit is Unit.USD:
        shown = shown.ljust(2, "0")
    return f"{whole}.{shown}" if shown else whole


def _rough(unit: Unit, counted: int) -> str:
    if unit in (Unit.TOKENS, Unit.TURNS):
        return human_count(counted)
    digits = 2 if unit is Unit.USD else 1
    least = 10.0**-digits
    shown = value(unit, counted)
    if 0 < shown < least / 2:
        return f"<{least:g}"
    text = f"{shown:,.{digits}f}"
    return text if unit is Unit.USD else text.removesuffix(".0")
