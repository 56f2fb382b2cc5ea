"""Reading the outbox."""

from __future__ import annotations

from sqlalchemy import Connection, Integer, bindparam, select

from orchestrator.execution.effects import Effect
from orchestrator.lifecycle.ports import StoredEffect
from orchestrator.store.schema import executions, outbox

_ALL = (
    select(outbox)
    .join(executions, executions.c.id == outbox.c.execution_id)
    .where(executions.c.instance == bindparam("of_instance"))
    .order_by(outbox.c.id)
    .limit(bindparam("at_most", type_=Integer))
)
_OF_EXECUTION = _ALL.where(outbox.c.execution_id == bindparam("of_execution"))


def read_effects(connection: Connection, instance: str, limit: int, execution_id: str | None) -> list[StoredEffect]:
    """As `Transaction.effects`."""
    query = _ALL if execution_id is None else _OF_EXECUTION
    values = {"of_instance": instance, "at_most": limit}
    rows = connection.execute(query, values if execution_id is None else {**values, "of_execution": execution_id})
    return [
        StoredEffect(id=row.id, execution_id=row.execution_id, effect=Effect(kind=row.kind, payload=row.payload))
        for row in rows
    ]
