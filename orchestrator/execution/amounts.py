"""Amounts: what budgets count, in whole numbers, so that sums are exact."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

from orchestrator.definition.model import Budget
from orchestrator.execution.outcome import Usage


class Unit(StrEnum):
    """What a budget limits."""

    USD = "usd"
    TOKENS = "tokens"
    TURNS = "turns"
    MINUTES = "minutes"


Amounts: TypeAlias = Mapping[Unit, int]
"""Millionths of a dollar, tokens, turns, milliseconds. A unit that is missing is not limited, or not used."""

SCALE: Final[Amounts] = {Unit.USD: 1_000_000, Unit.TOKENS: 1, Unit.TURNS: 1, Unit.MINUTES: 60_000}
"""How many make one of what a workflow writes."""

HIGHEST: Final = 10**13
"""An attempt counts for no more: an engine may report any number, and databases have to add them up."""


@lru_cache(maxsize=256)
def limits(budget: Budget | None) -> Amounts:
    """A budget as amounts."""
    written = {unit: getattr(budget, unit.value, None) for unit in Unit}
    return {unit: amount(unit, value) for unit, value in written.items() if value is not None}


def amount(unit: Unit, value: float) -> int:
    """Dollars, tokens, turns or minutes as the whole number that stands for them."""
    return int((Decimal(str(value)) * SCALE[unit]).to_integral_value())


def value(unit: Unit, counted: int) -> float:
    """The other way round; tokens and turns stay whole."""
    return counted if SCALE[unit] == 1 else counted / SCALE[unit]


def used(usage: Usage | None, seconds: float) -> dict[Unit, int]:
    """What an attempt used, in every unit; a cost that nobody knows counts as none."""
    usage = usage or Usage()
    cost = usage.cost_usd or 0.0
    counted = {
        Unit.USD: amount(Unit.USD, cost) if math.isfinite(cost) else 0,
        Unit.TOKENS: usage.tokens,
        Unit.TURNS: usage.turns,
        Unit.MINUTES: round(seconds * 1_000),
    }
    return {unit: min(max(0, each), HIGHEST) for unit, each in counted.items()}


def less(amounts: Amounts, taken: Amounts) -> dict[Unit, int]:
    """What is left of `amounts`, at least nothing."""
    return {unit: max(0, counted - taken.get(unit, 0)) for unit, counted in amounts.items()}


def beyond(limit: Amounts, spent: Amounts) -> dict[Unit, int]:
    """What was spent beyond a limit, where it was."""
    over = {unit: spent.get(unit, 0) - counted for unit, counted in limit.items()}
    return {unit: excess for unit, excess in over.items() if excess > 0}


def total(parts: Iterable[Amounts]) -> dict[Unit, int]:
    """The sum of several, with every unit that one of them has."""
    found: dict[Unit, int] = {}
    for part in parts:
        for unit, counted in part.items():
            found[unit] = found.get(unit, 0) + counted
    return found
