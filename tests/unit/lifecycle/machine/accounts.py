"""The books of budgets: every reservation and what it was closed with, counted by what happened, not read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.execution.budget import draws
from orchestrator.execution.outcome import FailureClass, Outcome, Usage
from orchestrator.execution.state import NodeRun, NodeStatus
from tests.fakes.store import Tables
from tests.unit.lifecycle.machine import deeds
from tests.unit.lifecycle.machine.graphs import Graph

SCALE = {"usd": 1_000_000, "turns": 1}
LEAST = {"usd": 1_000, "turns": 1}
Key = tuple[str, int, int]
GRANTED, WAITS, NEVER = "granted", "waits", "never"


@dataclass
class Account:
    """One attempt: what it may use, and what it used, or is assumed to have used, once it has ended."""

    reserved: Mapping[str, int]
    spent: Mapping[str, int] | None = None
    assumed: bool = False


@dataclass
class Accounts:
    """`anew` has the epoch at which a rerun has begun a node run anew."""

    graphs: Mapping[str, Graph]
    known: dict[Key, Account] = field(default_factory=dict)
    anew: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))

    def read(self, tables: Tables, deed: Any) -> None:
        """Judge what has just been committed."""
        for key, stored in tables.reservations.items():
            account = self.known.get(key)
            spent = None if stored.spent is None else _named(stored.spent)
            run = tables.runs[key[0]][key[1]]
            if account is None:
                assert spent is None, "an attempt was charged before it began"
                self._reserved(key, Account(reserved=_named(stored.reserved)), run, deed)
            elif spent != account.spent:
                assert account.spent is None, f"{key} was closed twice"
                account.spent = spent
                self._closed(key, account, run, deed)
            assert self.known[key].reserved == _named(stored.reserved)
        for execution_id in tables.executions:
            self._audit(execution_id, tables)

    def verdict(self, run: NodeRun) -> str:
        """What the documentation says about an attempt that wants to start."""
        needs = {unit: self._needed(run, unit) for unit in SCALE if self._limited(run, unit)}
        whole = [unit for unit in needs if unit in self.graphs[run.execution_id].budget]
        if any(needs[unit] < LEAST[unit] for unit in needs):
            return NEVER
        if any(needs[unit] > self._left(run.execution_id, unit) for unit in whole):
            return NEVER
        return WAITS if any(needs[unit] > self._free(run.execution_id, unit) for unit in whole) else GRANTED

    def is_open(self, claim: NodeRun) -> bool:
        account = self.known.get((claim.execution_id, claim.index, claim.epoch))
        return account is not None and account.spent is None

    def _reserved(self, key: Key, account: Account, run: NodeRun, deed: Any) -> None:
        assert isinstance(deed, deeds.Reserve)
        assert (deed.claim.execution_id, deed.claim.index, deed.claim.epoch) == key
        assert (run.status, run.epoch) == (NodeStatus.RUNNING, key[2])
        assert self.verdict(run) == GRANTED, f"{run.key} started with what is not there"
        assert account.reserved.keys() == {unit for unit in SCALE if self._limited(run, unit)}
        for unit, amount in account.reserved.items():
            if unit in self._own(run):
                assert amount == self._needed(run, unit)
            else:
                assert LEAST[unit] <= amount <= self._free(run.execution_id, unit)
        self.known[key] = account

    def _closed(self, key: Key, account: Account, run: NodeRun, deed: Any) -> None:
        assert account.spent is not None
        assert (run.status, run.epoch) != (NodeStatus.RUNNING, key[2]), f"{run.key} is at work without a budget"
        if isinstance(deed, deeds.Deliver) and not _unknown(deed.outcome):
            assert account.spent == _used(deed.outcome.usage)
        elif isinstance(deed, deeds.Requeue):
            assert account.spent == _used(deed.usage)
        else:
            assert isinstance(deed, deeds.Control | deeds.Replace | deeds.Resume | deeds.Deliver)
            assert account.spent == {**dict.fromkeys(SCALE, 0), **account.reserved}
            account.assumed = True

    def _audit(self, execution_id: str, tables: Tables) -> None:
        runs = tables.runs[execution_id]
        at_work = {index: epoch for (of, index, epoch), each in self._of(execution_id) if each.spent is None}
        for index, epoch in at_work.items():
            assert (runs[index].status, runs[index].epoch) == (NodeStatus.RUNNING, epoch), "a reservation has leaked"
        workflow = tables.plans[execution_id].definition
        active = [run for run in runs.values() if run.status in (NodeStatus.QUEUED, NodeStatus.RUNNING)]
        waiting = [run for run in active if _waits(run)]
        moving = [run for run in active if draws(workflow, workflow.nodes[run.node]) and not _waits(run)]
        assert moving or not waiting, "nobody is left to wait for"
        over: dict[str, int] = defaultdict(int)
        for _, each in self._of(execution_id):
            for unit, amount in each.reserved.items():
                over[unit] += max(0, (each.spent or {}).get(unit, 0) - amount)
        for unit in self.graphs[execution_id].budget:
            assert self._free(execution_id, unit) + over[unit] >= 0, f"more {unit} were promised than there are"

    def _of(self, execution_id: str) -> Iterable[tuple[Key, Account]]:
        return [(key, each) for key, each in self.known.items() if key[0] == execution_id]

    def _own(self, run: NodeRun) -> Mapping[str, float]:
        own: Mapping[str, float] = self.graphs[run.execution_id].nodes[run.node].keys.get("budget", {})
        return own

    def _limited(self, run: NodeRun, unit: str) -> bool:
        return unit in self._own(run) or unit in self.graphs[run.execution_id].budget

    def _needed(self, run: NodeRun, unit: str) -> int:
        """All that is left of its own budget; otherwise any share will do."""
        own = self._own(run)
        if unit not in own:
            return LEAST[unit]
        attempts = self._of(run.execution_id)
        mine = [each for key, each in attempts if key[1] == run.index and not self._is_earlier(key)]
        return round(own[unit] * SCALE[unit]) - sum((each.spent or {}).get(unit, 0) for each in mine)

    def _left(self, execution_id: str, unit: str) -> int:
        limit = round(self.graphs[execution_id].budget[unit] * SCALE[unit])
        counted = [each for key, each in self._of(execution_id) if not (each.assumed and self._is_earlier(key))]
        return limit - sum((each.spent or {}).get(unit, 0) for each in counted)

    def _is_earlier(self, key: Key) -> bool:
        return key[2] <= self.anew[key[0], key[1]]

    def _free(self, execution_id: str, unit: str) -> int:
        held = [each for _, each in self._of(execution_id) if each.spent is None]
        return self._left(execution_id, unit) - sum(each.reserved.get(unit, 0) for each in held)


def _named(amounts: Mapping[Any, int]) -> dict[str, int]:
    return {str(unit): amount for unit, amount in amounts.items() if str(unit) in SCALE}


def _waits(run: NodeRun) -> bool:
    code = str(run.error_code)
    return run.status is NodeStatus.QUEUED and code.endswith("_BUDGET") and run.not_before is not None


def _unknown(outcome: Outcome) -> bool:
    """Where a process between the worker and its node vanished, and nobody counted."""
    return outcome.failure is FailureClass.LOST and outcome.usage is None


def _used(usage: Usage | None) -> dict[str, int]:
    return {"usd": round((usage.cost_usd or 0) * SCALE["usd"]) if usage else 0, "turns": usage.turns if usage else 0}
