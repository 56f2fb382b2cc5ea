"""Reading node runs and what stands next to them in the graph, at a cost that follows the degree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, select

from orchestrator.errors import NotFound
from orchestrator.execution.state import Execution, NodeRun
from orchestrator.store.schema import RUN_COLUMNS, edges, executions, node_runs

# Databases limit the parameters of one statement; SQLite has the lowest bound, 999 in old builds.
_BATCH = 500
T = TypeVar("T")


def read_execution(connection: Connection, execution_id: str, *, lock: bool = False) -> Execution:
    """The execution; with `lock`, held until the transaction ends (SQLite holds everything already)."""
    query = select(executions).where(executions.c.id == execution_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise no_execution(execution_id)
    return execution_of(row)


def read_run(connection: Connection, execution_id: str, index: int) -> NodeRun:
    query = select(*RUN_COLUMNS).where(_is(execution_id), node_runs.c.index == index)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"execution {execution_id} has no node run {index}")
    return run_of(row)


def read_runs(connection: Connection, execution_id: str) -> list[NodeRun]:
    """All node runs, by index."""
    query = select(*RUN_COLUMNS).where(_is(execution_id)).order_by(node_runs.c.index)
    return [run_of(row) for row in connection.execute(query)]


def read_successors(connection: Connection, execution_id: str, index: int) -> list[NodeRun]:
    """The node runs at the other end of the edges that leave `index`."""
    query = (
        select(*RUN_COLUMNS)
        .join(edges, (edges.c.execution_id == node_runs.c.execution_id) & (edges.c.target == node_runs.c.index))
        .where(edges.c.execution_id == execution_id, edges.c.source == index)
        .order_by(edges.c.target)
    )
    return [run_of(row) for row in connection.execute(query)]


def read_predecessors(connection: Connection, execution_id: str, indexes: Collection[int]) -> dict[int, list[NodeRun]]:
    """The node runs each of `indexes` waits for; one that several wait for is read and decoded once."""
    sources = _sources(connection, execution_id, indexes)
    runs = {}
    for some in _batches(sorted({source for found in sources.values() for source in found})):
        query = select(*RUN_COLUMNS).where(_is(execution_id), node_runs.c.index.in_(some))
        runs.update({run.index: run for run in map(run_of, connection.execute(query))})
    return {index: [runs[source] for source in found] for index, found in sources.items()}


def execution_of(row: Row[Any]) -> Execution:
    return Execution(**row._mapping)


def run_of(row: Row[Any]) -> NodeRun:
    return NodeRun(**row._mapping)


def no_execution(reference: str) -> NotFound:
    return NotFound(f"there is no execution {reference}", hint="`mycelium executions list` shows what there is")


def _sources(connection: Connection, execution_id: str, indexes: Collection[int]) -> dict[int, list[int]]:
    sources: dict[int, list[int]] = {index: [] for index in indexes}
    for some in _batches(sorted(sources)):
        query = (
            select(edges.c.target, edges.c.source)
            .where(edges.c.execution_id == execution_id, edges.c.target.in_(some))
            .order_by(edges.c.target, edges.c.source)
        )
        for target, source in connection.execute(query):
            sources[target].append(source)
    return sources


def _is(execution_id: str) -> ColumnElement[bool]:
    return node_runs.c.execution_id == execution_id


def _batches(items: Sequence[T]) -> Iterable[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
