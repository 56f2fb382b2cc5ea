"""Budgets: whether an attempt of an agent may start, and what it may use.

A budget is a tree: the node runs of an execution share its budget, and the attempts at a node run share that one's. An
attempt *reserves* before it starts. When it has ended, what it used is *spent*, and the rest is free again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from orchestrator.definition.model import Node, Workflow
from orchestrator.execution.amounts import Amounts, Unit, limits, value
from orchestrator.execution.ledger import Ledger

LEAST: Final[Amounts] = {Unit.USD: 1_000, Unit.TOKENS: 1, Unit.TURNS: 1, Unit.MINUTES: 1_000}
"""An attempt does not start with less than a tenth of a cent, a token, a turn or a second: it could only overrun."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """What one attempt may use, in the units of a `Budget`; None is no limit."""

    usd: float | None = None
    tokens: int | None = None
    turns: int | None = None
    minutes: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Coming:
    """The runs that have neither settled nor reserved, in one unit: how many there are, how many of them share what
    the execution has because they have no budget of their own, and what those that have one were `promised`."""

    runs: int
    sharing: int
    promised: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Lack:
    """An attempt needs `needed`, and `free` is all there is of `limit`; `left` of it is not spent. `own` says that it
    is the node run's own budget, and not the execution's."""

    unit: Unit
    needed: int
    free: int
    left: int
    limit: int
    own: bool

    @property
    def passes(self) -> bool:
        """Whether attempts that are still at work may give back enough."""
        return not self.own and self.left >= self.needed


@dataclass(frozen=True, kw_only=True, slots=True)
class Reserved:
    """An attempt may start, and use so much of what is limited."""

    amounts: Amounts


@dataclass(frozen=True, kw_only=True, slots=True)
class Short:
    """An attempt may not start: not now where that passes, or else never."""

    lacks: tuple[Lack, ...]

    @property
    def passes(self) -> bool:
        return all(lack.passes for lack in self.lacks)


def reserve(execution: Ledger, run: Ledger, coming: Mapping[Unit, Coming]) -> Reserved | Short:
    """What an attempt gets, in every unit that its run or its execution limits.

    A run with a budget of its own gets all that is left of it, or does not start. Any other gets a fair share of what
    the execution has free. `coming` has the units that the execution limits, and counts the run in question.
    """
    needed = {unit: _needed(unit, execution, run, coming) for unit in Unit if unit in {*run.limit, *execution.limit}}
    lacks = [_lack(unit, LEAST[unit], run, own=True) for unit in run.limit if run.left(unit) < LEAST[unit]]
    lacks += [
        _lack(unit, needed[unit], execution, own=False)
        for unit in execution.limit
        if max(needed[unit], LEAST[unit]) > execution.free(unit)
    ]
    return Short(lacks=tuple(lacks)) if lacks else Reserved(amounts=needed)


def _needed(unit: Unit, execution: Ledger, run: Ledger, coming: Mapping[Unit, Coming]) -> int:
    if unit in run.limit:
        return run.left(unit)
    return max(LEAST[unit], _share(execution.free(unit), coming[unit], LEAST[unit]))


def _share(free: int, coming: Coming, least: int) -> int:
    """What others were promised is set aside, unless too little would be left: then all get the same. Where nobody is
    counted, for a claim of the past has left something reserved, the one that asks is alone."""
    beside = (free - coming.promised) // max(1, coming.sharing)
    return beside if beside >= least else free // max(1, coming.runs)


def _lack(unit: Unit, needed: int, ledger: Ledger, *, own: bool) -> Lack:
    left, free = ledger.left(unit), ledger.free(unit)
    return Lack(unit=unit, needed=needed, free=free, left=left, limit=ledger.limit[unit], own=own)


def all_coming(workflow: Workflow, runs: Mapping[str, int]) -> dict[Unit, Coming]:
    """Who shares the budget of an execution; `runs` counts those that have neither settled nor reserved, by node."""
    agents = [(workflow.nodes[name], count) for name, count in runs.items() if workflow.nodes[name].asks_agents]
    everybody = sum(count for _, count in agents)
    own = [(limits(node.budget), count) for node, count in agents if node.budget]
    return {
        unit: Coming(
            runs=everybody,
            sharing=everybody - sum(count for limit, count in own if unit in limit),
            promised=sum(limit.get(unit, 0) * count for limit, count in own),
        )
        for unit in limits(workflow.budget)
    }


def draws(workflow: Workflow, node: Node) -> bool:
    """Whether attempts at `node` reserve before they start."""
    return node.asks_agents and (workflow.budget is not None or node.budget is not None)


def allowance(amounts: Amounts) -> Allowance:
    """Reserved amounts as engines take them."""
    dollars, minutes = amounts.get(Unit.USD), amounts.get(Unit.MINUTES)
    return Allowance(
        usd=None if dollars is None else value(Unit.USD, dollars),
        tokens=amounts.get(Unit.TOKENS),
        turns=amounts.get(Unit.TURNS),
        minutes=None if minutes is None else value(Unit.MINUTES, minutes),
    )
