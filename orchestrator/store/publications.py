"""The rows of publications, and the agents whose work they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, or_, select, text, tuple_

from orchestrator.execution.publication import Fate, Fates, Publication
from orchestrator.lifecycle.ports import Scope
from orchestrator.store.schema import FOLLOWED, executions, publication_agents, publications

_ROW: Final = publications.c
_PLANNED: Final = text("publications.state = 'planned'")
_FIELDS: Final = tuple(field.name for field in fields(Publication) if field.name != "agents")


def write_publication(connection: Connection, publication: Publication) -> None:
    """Add it, or replace the one of the same target."""
    for table in (publications, publication_agents):
        mine = (table.c.execution_id == publication.execution_id) & (table.c.target == publication.target)
        connection.execute(delete(table).where(mine))
    connection.execute(insert(publications).values({name: getattr(publication, name) for name in _FIELDS}))
    key = {"execution_id": publication.execution_id, "target": publication.target}
    if rows := [{**key, "agent": agent} for agent in publication.agents]:
        connection.execute(insert(publication_agents), rows)


def read_publications(connection: Connection, execution_id: str) -> list[Publication]:
    """Those of one execution, by target."""
    query = select(publications).where(_ROW.execution_id == execution_id)
    return _read(connection, query.order_by(_ROW.target))


def read_due(connection: Connection, instance: str, now: datetime, limit: int) -> list[Publication]:
    """Those of an instance that may go out now, in the order of their executions."""
    due = or_(_ROW.not_before.is_(None), _ROW.not_before <= now)
    query = _planned(instance, select(publications)).where(due)
    return _read(connection, query.order_by(_ROW.execution_id, _ROW.target).limit(limit))


def next_publication(connection: Connection, instance: str) -> datetime | None:
    """When the next one that is put off may go out."""
    found: datetime | None = connection.execute(_planned(instance, select(func.min(_ROW.not_before)))).scalar()
    return found


def read_followed(connection: Connection, repository: str, before: datetime, limit: int) -> list[Publication]:
    """Published ones whose fate is open, and was not looked for since `before`; those longest not looked for first."""
    stale = or_(_ROW.checked_at.is_(None), _ROW.checked_at < before)
    first = (_ROW.checked_at.is_not(None), _ROW.checked_at, _ROW.execution_id, _ROW.target)
    query = select(publications).where(FOLLOWED, _ROW.repository == repository, stale)
    return _read(connection, query.order_by(*first).limit(limit))


def read_about(connection: Connection, repository: str, number: int) -> list[Publication]:
    """Published ones that belong to an issue or pull request and whose fate is open."""
    query = select(publications).where(FOLLOWED, _ROW.repository == repository, _ROW.number == number)
    return _read(connection, query.order_by(_ROW.execution_id, _ROW.target))


def read_fates(connection: Connection, scope: Scope) -> list[Fates]:
    """As `AgentHistory.fates`."""
    agent = publication_agents.c.agent
    mine = (publication_agents.c.execution_id == _ROW.execution_id) & (publication_agents.c.target == _ROW.target)
    query = (
        select(agent, _ROW.kind, _ROW.fate, func.count())
        .join_from(publications, publication_agents, mine)
        .where(_ROW.published_at.is_not(None), *_within(scope))
        .group_by(agent, _ROW.kind, _ROW.fate)
    )
    counts: dict[tuple[str, Any], dict[Fate | None, int]] = defaultdict(dict)
    for name, kind, fate, count in connection.execute(query):
        counts[name, kind][fate] = count
    return [
        Fates(
            agent=name,
            kind=kind,
            published=sum(found.values()),
            fates={fate: found[fate] for fate in Fate if fate in found},
        )
        for (name, kind), found in sorted(counts.items())
    ]


def _planned(instance: str, query: Select[Any]) -> Select[Any]:
    mine = (executions.c.id == _ROW.execution_id) & (executions.c.instance == instance)
    return query.join_from(publications, executions, mine).where(_PLANNED)


def _within(scope: Scope) -> Iterator[ColumnElement[bool]]:
    if scope.agent is not None:
        yield publication_agents.c.agent == scope.agent
    if scope.workflow_id is not None:
        yield _ROW.workflow_id == scope.workflow_id
    if scope.since is not None:
        yield _ROW.published_at >= scope.since
    if not scope.replayed:
        yield _ROW.replayed.is_(False)


def _read(connection: Connection, query: Select[Any]) -> list[Publication]:
    rows = [dict(row) for row in connection.execute(query).mappings()]
    agents = _agents(connection, [(row["execution_id"], row["target"]) for row in rows])
    return [Publication(**row, agents=tuple(agents[row["execution_id"], row["target"]])) for row in rows]


def _agents(connection: Connection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    if keys:
        of = publication_agents.c
        query = select(of.execution_id, of.target, of.agent).where(tuple_(of.execution_id, of.target).in_(keys))
        for execution_id, target, agent in connection.execute(query.order_by(of.agent)):
            found[execution_id, target].append(agent)
    return found
