"""Reading the outbox."""

from __future__ import annotations

from sqlalchemy import Connection, select

from orchestrator.execution.effects import Effect
from orchestrator.lifecycle.ports import StoredEffect
from orchestrator.store.schema import executions, outbox


def read_effects(connection: Connection, instance: str, limit: int, execution_id: str | None) -> list[StoredEffect]:
    """As `Transaction.effects`."""
    query = select(outbox).join(executions, executions.c.id == outbox.c.execution_id)
    query = query.where(executions.c.instance == instance).order_by(outbox.c.id).limit(limit)
    if execution_id is not None:
        query = query.where(outbox.c.execution_id == execution_id)
    return [
        StoredEffect(id=row.id, execution_id=row.execution_id, effect=Effect(kind=row.kind, payload=row.payload))
        for row in connection.execute(query)
    ]
