"""The rows of reservations, and what they come to."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, case, func, insert, or_, select, update

from orchestrator.execution.amounts import Amounts, Unit
from orchestrator.execution.failure import SHORT_OF_BUDGET
from orchestrator.execution.ledger import Balance, Reservation
from orchestrator.execution.state import NodeRun
from orchestrator.store.prepared import Prepared, Row
from orchestrator.store.schema import QUEUED, RUN_COLUMNS, node_runs, reservations

_OF_EXECUTION = reservations.c.execution_id == bindparam("of_execution")
_CLAIM = and_(
    _OF_EXECUTION, reservations.c.index == bindparam("of_index"), reservations.c.epoch == bindparam("of_epoch")
)
_AT_WORK = reservations.c[f"spent_{Unit.TOKENS}"].is_(None)
_WRITTEN: Final = ["assumed", "earlier", *(f"reserved_{unit}" for unit in Unit), *(f"spent_{unit}" for unit in Unit)]

_ALL = Prepared(select(reservations).where(_OF_EXECUTION).order_by(reservations.c.index, reservations.c.epoch))
_ONE = Prepared(select(reservations).where(_CLAIM))
_ADD = Prepared(insert(reservations).values({column.name: bindparam(column.name) for column in reservations.c}))
_CHANGE = Prepared(update(reservations).where(_CLAIM).values({name: bindparam(name) for name in _WRITTEN}))
_ANEW = Prepared(
    update(reservations)
    .where(_OF_EXECUTION, reservations.c.index == bindparam("of_index"))
    .values(earlier=bindparam("earlier"))
)
_SUMS = select(
    *(func.sum(reservations.c[f"spent_{unit}"]).label(f"spent_{unit}") for unit in Unit),
    *(func.sum(case((_AT_WORK, reservations.c[f"reserved_{unit}"]))).label(f"reserved_{unit}") for unit in Unit),
)
_OF_ALL = Prepared(
    _SUMS.where(_OF_EXECUTION, or_(reservations.c.assumed.is_(False), reservations.c.earlier.is_(False)))
)
_OF_RUN = Prepared(
    _SUMS.where(_OF_EXECUTION, reservations.c.index == bindparam("of_index"), reservations.c.earlier.is_(False))
)
_HAS_RESERVED = (
    select(reservations.c.epoch)
    .where(reservations.c.execution_id == node_runs.c.execution_id, reservations.c.index == node_runs.c.index, _AT_WORK)
    .exists()
)
_COMING = Prepared(
    select(node_runs.c.node, func.count().label("runs"))
    .where(node_runs.c.execution_id == bindparam("of_execution"), node_runs.c.result.is_(None), ~_HAS_RESERVED)
    .group_by(node_runs.c.node)
)
_SHORT = Prepared(
    select(*RUN_COLUMNS)
    .where(
        node_runs.c.execution_id == bindparam("of_execution"),
        QUEUED,
        or_(*(node_runs.c.error_code == bindparam(code) for code in SHORT_OF_BUDGET)),
    )
    .order_by(node_runs.c.priority.desc(), node_runs.c.ready_at, node_runs.c.index)
)


def read_reservations(connection: Connection, execution_id: str) -> list[Reservation]:
    """As `Store.reservations`."""
    return [_reservation(row) for row in _ALL.rows(connection, of_execution=execution_id)]


def read_reservation(connection: Connection, execution_id: str, index: int, epoch: int) -> Reservation | None:
    """As `Transaction.reservation`."""
    row = _ONE.row(connection, of_execution=execution_id, of_index=index, of_epoch=epoch)
    return _reservation(row) if row else None


def write_reservation(connection: Connection, execution_id: str, reservation: Reservation) -> None:
    """As `Transaction.put_reservation`."""
    facts = {
        "assumed": reservation.assumed,
        "earlier": reservation.earlier,
        **_columns("reserved", reservation.reserved),
        **_columns("spent", reservation.spent),
    }
    claim = {"of_execution": execution_id, "of_index": reservation.index, "of_epoch": reservation.epoch}
    if not _CHANGE.write(connection, {**claim, **facts}):
        key = {"execution_id": execution_id, "index": reservation.index, "epoch": reservation.epoch}
        _ADD.write(connection, {**key, **facts})


def read_balance(connection: Connection, execution_id: str, index: int | None) -> Balance:
    """As `Transaction.balance`."""
    if index is None:
        row = _OF_ALL.row(connection, of_execution=execution_id)
    else:
        row = _OF_RUN.row(connection, of_execution=execution_id, of_index=index)
    # PostgreSQL adds up to decimals.
    sums = {name: int(found or 0) for name, found in (row or {}).items()}
    return Balance(**{name: {unit: sums[f"{name}_{unit}"] for unit in Unit} for name in ("spent", "reserved")})


def begin_anew(connection: Connection, execution_id: str, indexes: Collection[int]) -> None:
    """As `Transaction.begin_anew`."""
    if indexes:
        _ANEW.write(
            connection,
            *({"of_execution": execution_id, "of_index": index, "earlier": True} for index in sorted(indexes)),
        )


def count_coming(connection: Connection, execution_id: str) -> dict[str, int]:
    """As `Transaction.coming`."""
    return {row["node"]: row["runs"] for row in _COMING.rows(connection, of_execution=execution_id)}


def read_short(connection: Connection, execution_id: str) -> list[NodeRun]:
    """As `Transaction.short_of_budget`."""
    codes = {code: code for code in SHORT_OF_BUDGET}
    return [NodeRun(**row) for row in _SHORT.rows(connection, of_execution=execution_id, **codes)]


def _reservation(row: Row) -> Reservation:
    return Reservation(
        index=row["index"],
        epoch=row["epoch"],
        reserved=_amounts(row, "reserved"),
        spent=None if row[f"spent_{Unit.TOKENS}"] is None else _amounts(row, "spent"),
        assumed=row["assumed"],
        earlier=row["earlier"],
    )


def _amounts(row: Row, name: str) -> dict[Unit, int]:
    found = {unit: row[f"{name}_{unit}"] for unit in Unit}
    return {unit: counted for unit, counted in found.items() if counted is not None}


def _columns(name: str, amounts: Amounts | None) -> dict[str, Any]:
    return {f"{name}_{unit}": amounts.get(unit) if amounts is not None else None for unit in Unit}
