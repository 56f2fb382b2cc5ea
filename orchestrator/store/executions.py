"""The rows of executions, and of the graphs they begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import cache

from sqlalchemy import Connection, bindparam, func, insert, or_, select, text, update

from orchestrator.errors import Conflict
from orchestrator.execution.state import Execution, NodeRun
from orchestrator.store.prepared import Prepared
from orchestrator.store.run_writer import run_values
from orchestrator.store.schema import edges, executions, node_runs

_FIELDS = tuple(field.name for field in fields(Execution))
_HIGHEST = Prepared(
    select(func.max(executions.c.number).label("number")).where(executions.c.workflow_id == bindparam("workflow_id"))
)
_KNOWN = Prepared(
    select(executions.c.id).where(
        or_(
            executions.c.id == bindparam("of_execution"),
            (executions.c.workflow_id == bindparam("workflow_id")) & (executions.c.number == bindparam("number")),
        )
    )
)
_ADD, _ADD_RUNS, _ADD_EDGES = Prepared(insert(executions)), Prepared(insert(node_runs)), Prepared(insert(edges))
_MANY_ROWS = 1_000
_COUNT_ANEW = text("ANALYZE (SKIP_LOCKED) node_runs, edges")
_ONE_NUMBER_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext(:workflow_id))")


@cache
def _saving(names: tuple[str, ...]) -> Prepared:
    """Writes these columns of one execution."""
    row = executions.c.id == bindparam("of_execution")
    return Prepared(update(executions).where(row).values({name: bindparam(name) for name in names}))


def next_number(connection: Connection, workflow_id: str) -> int:
    """As `Transaction.next_number`."""
    if connection.dialect.name == "postgresql":
        connection.execute(_ONE_NUMBER_AT_A_TIME, {"workflow_id": workflow_id})
    (highest,) = _HIGHEST.rows(connection, workflow_id=workflow_id)
    return 1 + (highest["number"] or 0)


def add_execution(connection: Connection, execution: Execution) -> None:
    """Add a row; one of the same id or number is a conflict."""
    row = {"of_execution": execution.id, "workflow_id": execution.workflow_id, "number": execution.number}
    if _KNOWN.rows(connection, **row):
        number = f"number {execution.number} of {execution.workflow_id}"
        raise Conflict(f"execution {execution.id} ({number}) exists already")
    _ADD.write(connection, {name: getattr(execution, name) for name in _FIELDS})


def add_graph(
    connection: Connection, execution: Execution, runs: Sequence[NodeRun], pairs: Sequence[tuple[int, int]]
) -> None:
    """Add its node runs, and the edges between their indexes."""
    if runs:
        _ADD_RUNS.write(connection, *({"instance": execution.instance, **run_values(run)} for run in runs))
    if pairs:
        rows = [{"execution_id": execution.id, "source": source, "target": target} for source, target in pairs]
        _ADD_EDGES.write(connection, *rows)
    if len(runs) + len(pairs) >= _MANY_ROWS and connection.dialect.name == "postgresql":
        # It plans by what it counted last, and would come back to that by itself only minutes later.
        connection.execute(_COUNT_ANEW)


def write_changed(connection: Connection, before: Execution, execution: Execution) -> None:
    """Write what differs; its node runs go along to another instance."""
    new = {name: getattr(execution, name) for name in _FIELDS}
    changed = {name: value for name, value in new.items() if value != getattr(before, name)}
    if changed:
        _saving(tuple(changed)).write(connection, {"of_execution": execution.id, **changed})
    if "instance" in changed:
        runs_of = node_runs.c.execution_id == execution.id
        connection.execute(update(node_runs).where(runs_of).values(instance=execution.instance))
