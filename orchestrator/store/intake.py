"""Decisions, held starts and votes on SQL. Few rows a minute come here, so that statements are SQLAlchemy's own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from orchestrator.errors import Conflict, NotFound
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.ports.intake import Decision, Group, HeldStart, Hold, Vote
from orchestrator.store.schema import GROUPED, HELD, UNTOLD, decisions, executions, held_starts, marks, votes

_OPEN = frozenset({Hold.WAITING, Hold.QUEUED})
_ENDED = sorted(status for status in ExecutionStatus if status.ended)
_ONE_GROUP_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('concurrency'), hashtext(:name))")


class SqlIntake:
    """`Intake` on the connection of a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, decision: Decision) -> Decision:
        known = (decisions.c.delivery_id == decision.delivery_id) & (decisions.c.subject == decision.subject)
        if self._connection.execute(select(decisions.c.id).where(known)).first():
            raise _decided(decision)
        try:
            done = self._connection.execute(insert(decisions).values(_values(decision)))
        except IntegrityError as error:
            raise _decided(decision) from error
        return replace(decision, id=_key(done.inserted_primary_key))

    def amend(self, decision: Decision) -> None:
        row = update(decisions).where(decisions.c.id == decision.id).values(_values(decision))
        if not self._connection.execute(row).rowcount:
            raise NotFound(f"there is no decision {decision.id}")

    def decided(self, delivery_id: str) -> list[Decision]:
        query = select(decisions).where(decisions.c.delivery_id == delivery_id).order_by(decisions.c.id)
        return self._decisions(query)

    def of_thread(self, number: int, *, limit: int = 50) -> list[Decision]:
        query = select(decisions).where(decisions.c.number == number).order_by(decisions.c.id.desc()).limit(limit)
        return self._decisions(query)

    def untold(self, *, limit: int = 100) -> list[Decision]:
        return self._decisions(select(decisions).where(UNTOLD).order_by(decisions.c.id).limit(limit))

    def hold(self, start: HeldStart) -> HeldStart:
        done = self._connection.execute(insert(held_starts).values(_values(start)))
        return replace(start, id=_key(done.inserted_primary_key))

    def settle(self, start: HeldStart) -> None:
        row = update(held_starts).where(held_starts.c.id == start.id).values(_values(start))
        if not self._connection.execute(row).rowcount:
            raise NotFound(f"there is no held start {start.id}")

    def held(self, states: Collection[Hold], *, number: int | None = None) -> list[HeldStart]:
        query = select(held_starts).where(held_starts.c.state.in_(sorted(states))).order_by(held_starts.c.id)
        if _OPEN.issuperset(states):
            query = query.where(HELD)
        if number is not None:
            query = query.where(held_starts.c.number == number)
        return [HeldStart(**row) for row in self._connection.execute(query).mappings()]

    def group(self, name: str) -> Group:
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(_ONE_GROUP_AT_A_TIME, {"name": name})
        mine = (held_starts.c.group == name) & GROUPED
        queued = select(held_starts).where(mine, held_starts.c.state == Hold.QUEUED).order_by(held_starts.c.id)
        running = (
            select(executions.c.id)
            .join(held_starts, held_starts.c.execution_id == executions.c.id)
            .where(mine, held_starts.c.state == Hold.STARTED, executions.c.status.not_in(_ENDED))
            .order_by(executions.c.id)
        )
        return Group(
            running=tuple(self._connection.execute(running).scalars()),
            queued=tuple(HeldStart(**row) for row in self._connection.execute(queued).mappings()),
        )

    def mark(self, name: str) -> datetime | None:
        return self._connection.execute(select(marks.c.at).where(marks.c.name == name)).scalar()

    def put_mark(self, name: str, at: datetime) -> None:
        if not self._connection.execute(update(marks).where(marks.c.name == name).values(at=at)).rowcount:
            self._connection.execute(insert(marks).values(name=name, at=at))

    def vote(self, vote: Vote) -> None:
        known = self.votes(vote.execution_id, vote.index, vote.since)
        if vote.by not in known:
            self._connection.execute(insert(votes).values({**_values(vote), "number": len(known)}))

    def votes(self, execution_id: str, index: int, since: datetime) -> Sequence[str]:
        mine = (votes.c.execution_id == execution_id) & (votes.c.index == index) & (votes.c.since == since)
        query = select(votes.c.by).where(mine).order_by(votes.c.number, func.lower(votes.c.by))
        return list(self._connection.execute(query).scalars())

    def _decisions(self, query: Any) -> list[Decision]:
        return [Decision(**row) for row in self._connection.execute(query).mappings()]


def _values(value: Decision | HeldStart | Vote) -> dict[str, object]:
    """By column; an id of 0 is left to the database."""
    names = [field.name for field in fields(value)]
    return {name: getattr(value, name) for name in names if name != "id"}


def _key(row: Any) -> int:
    return int(row[0])


def _decided(decision: Decision) -> Conflict:
    return Conflict(f"the delivery {decision.delivery_id} has a decision on {decision.subject} already")
