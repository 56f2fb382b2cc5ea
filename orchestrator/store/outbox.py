"""The rows of the outbox."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Integer, bindparam, delete, insert, select

from orchestrator.execution.effects import Effect
from orchestrator.lifecycle.ports import StoredEffect
from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import executions, outbox

_QUERY = (
    select(outbox)
    .join(executions, executions.c.id == outbox.c.execution_id)
    .where(executions.c.instance == bindparam("of_instance"))
    .order_by(outbox.c.id)
    .limit(bindparam("at_most", type_=Integer))
)
_ALL, _OF_EXECUTION = Prepared(_QUERY), Prepared(_QUERY.where(outbox.c.execution_id == bindparam("of_execution")))
_COLUMNS = ("execution_id", "kind", "payload")
_ADD = Prepared(insert(outbox).values({name: bindparam(name, type_=outbox.c[name].type) for name in _COLUMNS}))
_REMOVE = Prepared(delete(outbox).where(outbox.c.id == bindparam("effect_id")))


def read_effects(connection: Connection, instance: str, limit: int, execution_id: str | None) -> list[StoredEffect]:
    """As `Transaction.effects`."""
    values = {"of_instance": instance, "at_most": limit}
    if execution_id is None:
        rows = _ALL.rows(connection, **values)
    else:
        rows = _OF_EXECUTION.rows(connection, **values, of_execution=execution_id)
    return [
        StoredEffect(
            id=row["id"], execution_id=row["execution_id"], effect=Effect(kind=row["kind"], payload=row["payload"])
        )
        for row in rows
    ]


def write_effects(connection: Connection, execution_id: str, effects: Sequence[Effect]) -> None:
    """Add rows, in this order."""
    rows = [{"execution_id": execution_id, "kind": each.kind, "payload": each.payload} for each in effects]
    if rows:
        _ADD.write(connection, *rows)


def remove_effect(connection: Connection, effect_id: int) -> None:
    """Remove a row; one that is gone is no error."""
    _REMOVE.write(connection, {"effect_id": effect_id})
