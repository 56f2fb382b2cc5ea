"""Decisions, held starts and votes in memory, with the rules of the real ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from orchestrator.errors import Conflict, NotFound
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.ports.intake import Decision, Group, HeldStart, Hold, Vote
from tests.fakes.copied import copied


@dataclass
class IntakeTables:
    """What a database would hold."""

    decisions: dict[int, Decision] = field(default_factory=dict)
    starts: dict[int, HeldStart] = field(default_factory=dict)
    votes: list[Vote] = field(default_factory=list)
    marks: dict[str, datetime] = field(default_factory=dict)
    last_id: int = 0

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id


class MemoryIntake:
    """`Intake` on tables; `undo` takes how to undo each change."""

    def __init__(
        self, tables: IntakeTables, executions: Mapping[str, Execution], undo: list[Callable[[], object]]
    ) -> None:
        self._tables = tables
        self._executions = executions
        self._undo = undo

    def record(self, decision: Decision) -> Decision:
        known = {(each.delivery_id, each.subject) for each in self._tables.decisions.values()}
        if (decision.delivery_id, decision.subject) in known:
            raise Conflict(f"the delivery {decision.delivery_id} has a decision on {decision.subject} already")
        stored = replace(decision, id=self._tables.next_id())
        self._undo.append(lambda: self._tables.decisions.pop(stored.id))
        self._tables.decisions[stored.id] = stored
        return stored

    def amend(self, decision: Decision) -> None:
        if decision.id not in self._tables.decisions:
            raise NotFound(f"there is no decision {decision.id}")
        before = self._tables.decisions[decision.id]
        self._undo.append(lambda: self._tables.decisions.__setitem__(decision.id, before))
        self._tables.decisions[decision.id] = decision

    def decided(self, delivery_id: str) -> list[Decision]:
        return [each for _, each in sorted(self._tables.decisions.items()) if each.delivery_id == delivery_id]

    def of_thread(self, number: int, *, limit: int = 50) -> list[Decision]:
        found = [each for _, each in sorted(self._tables.decisions.items(), reverse=True) if each.number == number]
        return found[:limit]

    def untold(self, *, limit: int = 100) -> list[Decision]:
        found = [each for _, each in sorted(self._tables.decisions.items()) if each.owed and not each.told]
        return found[:limit]

    def hold(self, start: HeldStart) -> HeldStart:
        stored = replace(copied(start), id=self._tables.next_id())
        self._undo.append(lambda: self._tables.starts.pop(stored.id))
        self._tables.starts[stored.id] = stored
        return copied(stored)

    def settle(self, start: HeldStart) -> None:
        if start.id not in self._tables.starts:
            raise NotFound(f"there is no held start {start.id}")
        before = self._tables.starts[start.id]
        self._undo.append(lambda: self._tables.starts.__setitem__(start.id, before))
        self._tables.starts[start.id] = copied(start)

    def held(self, states: Collection[Hold], *, number: int | None = None) -> list[HeldStart]:
        rows = [each for _, each in sorted(self._tables.starts.items())]
        return copied([each for each in rows if each.state in states and number in (None, each.number)])

    def group(self, name: str) -> Group:
        mine = [each for _, each in sorted(self._tables.starts.items()) if each.group == name]
        ids = [each.execution_id for each in mine if each.state is Hold.STARTED]
        unended = [id_ for id_ in ids if id_ in self._executions and not self._executions[id_].status.ended]
        queued = tuple(copied(each) for each in mine if each.state is Hold.QUEUED)
        return Group(running=tuple(sorted(unended)), queued=queued)

    def mark(self, name: str) -> datetime | None:
        return self._tables.marks.get(name)

    def put_mark(self, name: str, at: datetime) -> None:
        before = dict(self._tables.marks)
        self._undo.append(lambda: (self._tables.marks.clear(), self._tables.marks.update(before)))
        self._tables.marks[name] = at

    def vote(self, vote: Vote) -> None:
        if vote.by not in self.votes(vote.execution_id, vote.index, vote.since):
            self._undo.append(lambda: self._tables.votes.remove(vote))
            self._tables.votes.append(vote)

    def votes(self, execution_id: str, index: int, since: datetime) -> Sequence[str]:
        mine = [vote for vote in self._tables.votes if (vote.execution_id, vote.index) == (execution_id, index)]
        return [vote.by for vote in mine if vote.since == since]
