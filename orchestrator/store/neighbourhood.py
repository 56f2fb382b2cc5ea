"""Reading node runs and what stands next to them in the graph, at a cost that follows the degree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Row, any_, bindparam, func, select

from orchestrator.errors import NotFound
from orchestrator.execution.state import Execution, NodeRun
from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import RUN_COLUMNS, edges, executions, node_runs

# Databases limit the parameters of one statement; SQLite has the lowest bound, 999 in old builds.
_BATCH = 500
T = TypeVar("T")

_OF_EXECUTION = node_runs.c.execution_id == bindparam("execution_id")
_ONE = select(executions).where(executions.c.id == bindparam("execution_id"))
_EXECUTION, _LOCKED_EXECUTION = Prepared(_ONE), Prepared(_ONE.with_for_update())
_RUNS = Prepared(select(*RUN_COLUMNS).where(_OF_EXECUTION).order_by(node_runs.c.index))
_RUN = Prepared(select(*RUN_COLUMNS).where(_OF_EXECUTION, node_runs.c.index == bindparam("index")))
_SOME_RUNS = select(*RUN_COLUMNS).where(_OF_EXECUTION, node_runs.c.index.in_(bindparam("indexes", expanding=True)))
_OF_EDGE = edges.c.execution_id == bindparam("execution_id")


def _at_other_end(end: Column[int], start: Column[int]) -> Prepared:
    """The node runs at the `end` of the edges that have `index` at their `start`.

    PostgreSQL is told to look for the edges first. It would take a join the other way round where the tables have grown
    since it last counted them, and look at all edges once for every node run of the execution, which takes seconds.
    """
    found = select(end).where(_OF_EDGE, start == bindparam("index"))
    of_them = node_runs.c.index == any_(func.array(found.scalar_subquery()))
    joined = (edges.c.execution_id == node_runs.c.execution_id) & (end == node_runs.c.index)
    return Prepared(
        select(*RUN_COLUMNS).join(edges, joined).where(_OF_EDGE, start == bindparam("index")).order_by(end),
        postgresql=select(*RUN_COLUMNS).where(_OF_EXECUTION, of_them).order_by(node_runs.c.index),
    )


_SUCCESSORS = _at_other_end(edges.c.target, edges.c.source)
_PREDECESSORS = _at_other_end(edges.c.source, edges.c.target)
_SOURCES = (
    select(edges.c.target, edges.c.source)
    .where(_OF_EDGE, edges.c.target.in_(bindparam("indexes", expanding=True)))
    .order_by(edges.c.target, edges.c.source)
)


def read_execution(connection: Connection, execution_id: str, *, lock: bool = False) -> Execution:
    """The execution; with `lock`, held until the transaction ends (SQLite holds everything already)."""
    query = _LOCKED_EXECUTION if lock else _EXECUTION
    row = query.row(connection, execution_id=execution_id)
    if row is None:
        raise no_execution(execution_id)
    return Execution(**row)


def read_run(connection: Connection, execution_id: str, index: int) -> NodeRun:
    row = _RUN.row(connection, execution_id=execution_id, index=index)
    if row is None:
        raise NotFound(f"execution {execution_id} has no node run {index}")
    return NodeRun(**row)


def read_runs(connection: Connection, execution_id: str) -> list[NodeRun]:
    """All node runs, by index."""
    return [NodeRun(**row) for row in _RUNS.rows(connection, execution_id=execution_id)]


def read_successors(connection: Connection, execution_id: str, index: int) -> list[NodeRun]:
    """The node runs at the other end of the edges that leave `index`."""
    return [NodeRun(**row) for row in _SUCCESSORS.rows(connection, execution_id=execution_id, index=index)]


def read_predecessors(connection: Connection, execution_id: str, indexes: Collection[int]) -> dict[int, list[NodeRun]]:
    """The node runs each of `indexes` waits for; one that several wait for is read and decoded once."""
    if len(indexes) == 1:
        (index,) = indexes
        found = _PREDECESSORS.rows(connection, execution_id=execution_id, index=index)
        return {index: [NodeRun(**row) for row in found]}
    sources = _sources(connection, execution_id, indexes)
    runs = {}
    for some in _batches(sorted({source for found in sources.values() for source in found})):
        rows = connection.execute(_SOME_RUNS, {"execution_id": execution_id, "indexes": some})
        runs.update({run.index: run for run in map(run_of, rows)})
    return {index: [runs[source] for source in found] for index, found in sources.items()}


def execution_of(row: Row[Any]) -> Execution:
    return Execution(**row._mapping)


def run_of(row: Row[Any]) -> NodeRun:
    return NodeRun(**row._mapping)


def no_execution(reference: str) -> NotFound:
    here = "`mycelium executions list` shows what there is"
    hint = f"{here}; what a job of GitHub Actions has kept is brought here by `mycelium history pull`"
    return NotFound(f"there is no execution {reference}", hint=hint)


def _sources(connection: Connection, execution_id: str, indexes: Collection[int]) -> dict[int, list[int]]:
    sources: dict[int, list[int]] = {index: [] for index in indexes}
    for some in _batches(sorted(sources)):
        for target, source in connection.execute(_SOURCES, {"execution_id": execution_id, "indexes": some}):
            sources[target].append(source)
    return sources


def _batches(items: Sequence[T]) -> Iterable[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
