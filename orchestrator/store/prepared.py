"""Statements of the hot path: compiled once for each dialect, carried out on the driver's own cursor.

Each time it carries out a statement, SQLAlchemy looks it up, wraps its result and tells its listeners, which costs
several times what SQLite takes to answer. What is left of it here is the text that it compiles, and the types of the
schema, which turn values into what lies in the database and back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]
Row = dict[str, Any]
Statement = Select[Any] | Update | Insert | Delete


@dataclass(frozen=True, kw_only=True, slots=True)
class _Compiled:
    """`order` has the names of the parameters where the driver takes them by position. Only what has to be converted
    is in `encode` and `decode`."""

    text: str
    defaults: Mapping[str, Any]
    order: Sequence[str] | None
    encode: Sequence[tuple[str, Convert]]
    decode: Sequence[tuple[str, Convert]]
    columns: Sequence[str]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        given = {**self.defaults, **values}
        for name, convert in self.encode:
            given[name] = convert(given[name])
        return given if self.order is None else [given[name] for name in self.order]

    def row(self, found: Sequence[Any]) -> Row:
        row = dict(zip(self.columns, found, strict=True))
        for name, convert in self.decode:
            row[name] = convert(row[name])
        return row


class Prepared:
    """A statement with named parameters (`bindparam`), none of which stands for a list.

    `postgresql` is the same for that database, where it takes other words.
    """

    def __init__(self, statement: Statement, *, postgresql: Statement | None = None) -> None:
        self._statement = statement
        self._postgresql = postgresql if postgresql is not None else statement
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, connection: Connection, **values: Any) -> list[Row]:
        """What a query finds: values by the names of its columns."""
        compiled = self._for(connection.dialect)
        cursor = _carried_out(connection, compiled.text, compiled.parameters(values))
        try:
            return [compiled.row(found) for found in cursor.fetchall()]
        finally:
            cursor.close()

    def row(self, connection: Connection, **values: Any) -> Row | None:
        """The only row that a query finds, or None."""
        found = self.rows(connection, **values)
        return found[0] if found else None

    def write(self, connection: Connection, *rows: Mapping[str, Any]) -> int:
        """Carry out a statement once for each of `rows`; how many rows of the table that wrote."""
        compiled = self._for(connection.dialect)
        given = [compiled.parameters(row) for row in rows]
        cursor = _carried_out(connection, compiled.text, given[0] if len(given) == 1 else given, many=len(given) != 1)
        try:
            return int(cursor.rowcount)
        finally:
            cursor.close()

    def _for(self, dialect: Dialect) -> _Compiled:
        known = self._compiled.get(dialect.name)
        if known is None:
            known = self._compiled[dialect.name] = _compile(
                self._postgresql if dialect.name == "postgresql" else self._statement, dialect
            )
        return known


def _compile(statement: Statement, dialect: Dialect) -> _Compiled:
    compiled: Any = statement.compile(dialect=dialect)
    columns = list(statement.selected_columns) if isinstance(statement, Select) else []
    return _Compiled(
        text=str(compiled),
        defaults={name: value for name, value in compiled.params.items() if value is not None},
        order=compiled.positiontup,
        encode=_converters(dialect, {name: each.type for name, each in compiled.binds.items()}, _encoder),
        decode=_converters(dialect, {str(column.key): column.type for column in columns}, _decoder),
        columns=[str(column.key) for column in columns],
    )


def _converters(
    dialect: Dialect, types: Mapping[str, TypeEngine[Any]], of: Callable[[TypeEngine[Any], Dialect], Convert | None]
) -> list[tuple[str, Convert]]:
    found = [(name, of(each.dialect_impl(dialect), dialect)) for name, each in types.items()]
    return [(name, convert) for name, convert in found if convert]


def _encoder(of: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return of.bind_processor(dialect)


def _decoder(of: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return of.result_processor(dialect, None)


def _carried_out(connection: Connection, text: str, parameters: Any, *, many: bool = False) -> Any:
    """A cursor; what the driver complains about comes as from SQLAlchemy, and a lost connection is not used again."""
    cursor = connection.connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(text, parameters)
    except connection.dialect.loaded_dbapi.Error as error:
        lost = connection.dialect.is_disconnect(error, connection.connection, cursor)
        if lost:
            connection.invalidate(error)
        dialect, base = connection.dialect, connection.dialect.loaded_dbapi.Error
        raise DBAPIError.instance(
            text, parameters, error, base, connection_invalidated=lost, dialect=dialect, ismulti=many
        ) from error
    return cursor
