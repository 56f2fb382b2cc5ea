"""All rows of one execution at once: read for taking it elsewhere, and written where it comes from elsewhere."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, delete, insert, select, update

from orchestrator.execution.effects import Effect
from orchestrator.execution.experience import AgentRun
from orchestrator.lifecycle.ports.dossier import Dossier
from orchestrator.lifecycle.ports.intake import Decision, HeldStart, Vote
from orchestrator.store.attempts import write_attempt
from orchestrator.store.neighbourhood import read_execution, read_runs
from orchestrator.store.outbox import write_effects
from orchestrator.store.plans import read_plan
from orchestrator.store.publications import read_publications, write_publication
from orchestrator.store.reservations import read_reservations, write_reservation
from orchestrator.store.schema import (
    ATTEMPT_COLUMNS,
    agent_runs,
    copies,
    decisions,
    edges,
    executions,
    held_starts,
    outbox,
    publication_agents,
    publications,
    showings,
    votes,
)
from orchestrator.store.showing import read_showing, read_shown, write_shown

_NOT_CASCADED: Final = (publications, publication_agents, decisions, held_starts)
_COUNTED: Final = ("changes", "told", "refused", "trouble")


def read_dossier(connection: Connection, execution_id: str) -> Dossier:
    """As `Transaction.dossier`."""
    pairs = _rows(connection, _of(edges, execution_id).order_by(edges.c.source, edges.c.target))
    rung = _rows(connection, _of(outbox, execution_id).order_by(outbox.c.id))
    remembered = select(*ATTEMPT_COLUMNS).where(agent_runs.c.execution_id == execution_id)
    return Dossier(
        execution=read_execution(connection, execution_id),
        plan=read_plan(connection, execution_id),
        runs=tuple(read_runs(connection, execution_id)),
        edges=tuple((row["source"], row["target"]) for row in pairs),
        reservations=tuple(read_reservations(connection, execution_id)),
        effects=tuple(Effect(kind=row["kind"], payload=row["payload"]) for row in rung),
        showing=read_showing(connection, execution_id),
        shown=tuple(read_shown(connection, execution_id)),
        attempts=tuple(
            AgentRun(**row) for row in _rows(connection, remembered.order_by(agent_runs.c.run, agent_runs.c.epoch))
        ),
        publications=tuple(read_publications(connection, execution_id)),
        decisions=tuple(Decision(**{**row, "id": 0}) for row in _numbered(connection, decisions, execution_id)),
        held=tuple(HeldStart(**{**row, "id": 0}) for row in _numbered(connection, held_starts, execution_id)),
        votes=_votes(connection, execution_id),
        copies=read_copies(connection, execution_id),
    )


def read_copies(connection: Connection, execution_id: str) -> dict[str, str]:
    """As `Store.copies`."""
    return {row["name"]: row["digest"] for row in _rows(connection, _of(copies, execution_id).order_by(copies.c.name))}


def write_rest(connection: Connection, dossier: Dossier) -> None:
    """All of it but the execution, its plan, node runs and edges, which are there already."""
    execution_id = dossier.execution.id
    for reservation in dossier.reservations:
        write_reservation(connection, execution_id, reservation)
    write_effects(connection, execution_id, dossier.effects)
    _write_showing(connection, dossier)
    for attempt in _unknown_attempts(connection, dossier):
        write_attempt(connection, attempt)
    for publication in dossier.publications:
        write_publication(connection, publication)
    _write_intake(connection, dossier)
    if dossier.copies:
        rows = [{"execution_id": execution_id, "name": key, "digest": value} for key, value in dossier.copies.items()]
        connection.execute(insert(copies), rows)


def remove(connection: Connection, execution_id: str) -> None:
    """As `Transaction.remove`."""
    for table in _NOT_CASCADED:
        connection.execute(delete(table).where(table.c.execution_id == execution_id))
    connection.execute(delete(executions).where(executions.c.id == execution_id))


def _write_showing(connection: Connection, dossier: Dossier) -> None:
    found = dossier.showing
    if found is None or dossier.execution.target is None:
        return
    values = {name: getattr(found, name) for name in _COUNTED} | {"refused": " ".join(found.refused)}
    connection.execute(update(showings).where(showings.c.execution_id == dossier.execution.id).values(values))
    for thing in dossier.shown:
        write_shown(connection, dossier.execution.id, thing)


def _unknown_attempts(connection: Connection, dossier: Dossier) -> list[AgentRun]:
    """Those that are not remembered here: they stay when an execution is removed."""
    key = select(agent_runs.c.run, agent_runs.c.epoch).where(agent_runs.c.execution_id == dossier.execution.id)
    known = {(row["run"], row["epoch"]) for row in _rows(connection, key)}
    return [attempt for attempt in dossier.attempts if (attempt.run, attempt.epoch) not in known]


def _write_intake(connection: Connection, dossier: Dossier) -> None:
    for decision in dossier.decisions:
        same = (decisions.c.delivery_id == decision.delivery_id) & (decisions.c.subject == decision.subject)
        if not connection.execute(select(decisions.c.id).where(same)).first():
            connection.execute(insert(decisions).values(_values(decision)))
    for held in dossier.held:
        connection.execute(insert(held_starts).values(_values(held)))
    known: dict[object, int] = {}
    for vote in dossier.votes:
        number = known[vote.index, vote.since] = known.get((vote.index, vote.since), -1) + 1
        connection.execute(insert(votes).values({**_values(vote), "number": number}))


def _votes(connection: Connection, execution_id: str) -> tuple[Vote, ...]:
    in_order = (votes.c.index, votes.c.since, votes.c.number, votes.c.by)
    rows = _rows(connection, _of(votes, execution_id).order_by(*in_order))
    return tuple(Vote(**{name: value for name, value in row.items() if name != "number"}) for row in rows)


def _of(table: Table, execution_id: str) -> Select[Any]:
    return select(table).where(table.c.execution_id == execution_id)


def _numbered(connection: Connection, table: Table, execution_id: str) -> list[dict[str, Any]]:
    return _rows(connection, _of(table, execution_id).order_by(table.c.id))


def _rows(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]


def _values(value: Decision | HeldStart | Vote) -> dict[str, object]:
    return {field.name: getattr(value, field.name) for field in fields(value) if field.name != "id"}
