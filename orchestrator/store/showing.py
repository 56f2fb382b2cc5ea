"""The rows that tell what GitHub shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, text, update

from orchestrator.execution.showing import Showing, Shown
from orchestrator.execution.state import Execution
from orchestrator.store.prepared import Prepared, Row
from orchestrator.store.schema import executions, showings, shown

BEHIND = text("showings.changes > showings.told")
_SHOWING: Final = select(
    *(showings.c[name] for name in ("execution_id", "workflow_id", "changes", "told", "refused", "trouble")),
    executions.c.target,
).join(executions, executions.c.id == showings.c.execution_id)
_OF_EXECUTION = showings.c.execution_id == bindparam("of_execution")
_FIELDS = tuple(field.name for field in fields(Shown))

_ADD_SHOWING = Prepared(insert(showings))
_COUNT_UP = Prepared(update(showings).where(_OF_EXECUTION).values(changes=showings.c.changes + 1))
_TELL = Prepared(
    update(showings).where(_OF_EXECUTION).values({name: bindparam(name) for name in ("told", "refused", "trouble")})
)
_NOT_REFUSED = Prepared(
    update(showings).where(_OF_EXECUTION).values({name: bindparam(name) for name in ("refused", "trouble")})
)
_ONE = Prepared(_SHOWING.where(_OF_EXECUTION))
_BEHIND = Prepared(
    _SHOWING.where(BEHIND, executions.c.instance == bindparam("of_instance")).order_by(showings.c.execution_id)
)
_NEWEST = Prepared(
    select(showings.c.execution_id, shown.c.github_id)
    .outerjoin(shown, (shown.c.execution_id == showings.c.execution_id) & (shown.c.place == bindparam("of_place")))
    .where(
        showings.c.repository == bindparam("repository"),
        showings.c.number == bindparam("number"),
        showings.c.workflow_id == bindparam("workflow_id"),
    )
    .order_by(showings.c.execution_id.desc())
)

_OF_SHOWN = shown.c.execution_id == bindparam("of_execution")
_OF_PLACE = shown.c.place == bindparam("of_place")
_ALL = Prepared(select(shown).where(_OF_SHOWN).order_by(shown.c.place))
_ADD = Prepared(insert(shown))
_CHANGED = tuple(name for name in _FIELDS if name != "place")
_CHANGE = Prepared(
    update(shown)
    .where(_OF_SHOWN, _OF_PLACE, shown.c.round <= bindparam("of_round"))
    .values({name: bindparam(name) for name in _CHANGED})
)
_ANEW = Prepared(
    update(shown)
    .where(_OF_SHOWN, _OF_PLACE)
    .values(
        round=shown.c.round + 1,
        **{name: bindparam(name) for name in ("github_id", "digest", "concluded", "annotations", "begun", "refused")},
    )
)
_KNOWN = Prepared(select(shown.c.place).where(_OF_SHOWN, _OF_PLACE))


def add_showing(connection: Connection, execution: Execution) -> None:
    """A row for an execution that is to be shown; GitHub has all of it before it."""
    if target := execution.target:
        facts = {"repository": target.repository, "number": target.number, "workflow_id": execution.workflow_id}
        counts = {"changes": 1, "told": 0, "refused": "", "trouble": ""}
        _ADD_SHOWING.write(connection, {"execution_id": execution.id, **facts, **counts})


def count_up(connection: Connection, execution_ids: Iterable[str]) -> None:
    """These executions have changed. In an order, so that nobody waits for each other."""
    for execution_id in sorted(execution_ids):
        _COUNT_UP.write(connection, {"of_execution": execution_id})


def write_told(connection: Connection, showing: Showing) -> None:
    """As `Transaction.tell`."""
    facts = {"told": showing.told, "refused": " ".join(showing.refused), "trouble": showing.trouble}
    _TELL.write(connection, {"of_execution": showing.execution_id, **facts})


def write_shown(connection: Connection, execution_id: str, thing: Shown) -> bool:
    """As `Transaction.put_shown`."""
    values = {name: getattr(thing, name) for name in _FIELDS}
    place = {"of_execution": execution_id, "of_place": thing.place}
    if _CHANGE.write(connection, {**place, "of_round": thing.round, **{name: values[name] for name in _CHANGED}}):
        return True
    if _KNOWN.rows(connection, **place):
        return False
    _ADD.write(connection, {"execution_id": execution_id, **values})
    return True


def begin_round(connection: Connection, execution_id: str, places: Collection[str]) -> None:
    """As `Transaction.begin_round`."""
    nothing = {name: getattr(Shown(place=""), name) for name in _CHANGED if name != "round"}
    rows = [{"of_execution": execution_id, "of_place": place, **nothing} for place in sorted(places)]
    if rows:
        _ANEW.write(connection, *rows)
    _NOT_REFUSED.write(connection, {"of_execution": execution_id, "refused": "", "trouble": ""})


def read_behind(connection: Connection, instance: str) -> list[Showing]:
    """As `Store.behind`."""
    return [_showing(row) for row in _BEHIND.rows(connection, of_instance=instance)]


def read_showing(connection: Connection, execution_id: str) -> Showing | None:
    """As `Store.showing`."""
    row = _ONE.row(connection, of_execution=execution_id)
    return _showing(row) if row else None


def read_shown(connection: Connection, execution_id: str) -> list[Shown]:
    """As `Store.shown`."""
    rows = _ALL.rows(connection, of_execution=execution_id)
    return [Shown(**{name: row[name] for name in _FIELDS}) for row in rows]


def read_newest(
    connection: Connection, repository: str, number: int, workflow_id: str, place: str
) -> list[tuple[str, int | None]]:
    """The executions of a workflow that are shown below a pull request, newest first, each with GitHub's id."""
    subject = {"repository": repository, "number": number, "workflow_id": workflow_id}
    rows = _NEWEST.rows(connection, of_place=place, **subject)
    return [(row["execution_id"], row["github_id"]) for row in rows]


def _showing(row: Row) -> Showing:
    return Showing(**{**row, "refused": tuple(row["refused"].split())})
