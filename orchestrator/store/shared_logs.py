"""Logs in PostgreSQL, for workers on several machines: the same chunks as in a file, in tables of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, TextClause, text
from sqlalchemy.exc import DBAPIError

from orchestrator.store.engine import WRITE
from orchestrator.store.faults import translated
from orchestrator.store.kept_logs import KeptLogs
from orchestrator.store.log_limit import LIMIT_BYTES
from orchestrator.store.log_rows import LogRows, Rows

_PREFIX = "log_"
# Chunks of 64 KB, fetched a few at a time: a reader holds less than a megabyte however long the log is.
_STREAMED = {"stream_results": True, "max_row_buffer": 8}


class PostgresLogs(KeptLogs):
    """`Logs` in the tables `log_…`. The engine is the store's, which closes it. `where` names it in errors."""

    def __init__(self, engine: Engine, where: str, *, limit: int = LIMIT_BYTES) -> None:
        super().__init__(limit=limit)
        self._engine = engine
        self._writer = engine.execution_options(**WRITE)
        self._reader = engine.execution_options(**_STREAMED)
        self._where = where

    def close(self) -> None:
        """Nothing to close: the connections are the store's."""

    @contextmanager
    def _writing(self, execution_id: str) -> Iterator[LogRows]:
        with translated(self._where), self._writer.begin() as connection:
            yield LogRows(partial(_execute, connection), execution_id, prefix=_PREFIX)

    @contextmanager
    def _reading(self, execution_id: str) -> Iterator[LogRows]:
        # A reader may stop anywhere, and cursors that are left open are warned of.
        with translated(self._where), self._reader.connect() as connection, ExitStack() as cursors:

            def execute(statement: str, values: Mapping[str, object]) -> Rows:
                return cursors.enter_context(closing(_execute(connection, statement, values)))

            yield LogRows(execute, execution_id, prefix=_PREFIX)

    def _why(self, error: Exception) -> str:
        cause = error.__cause__
        told = getattr(cause.orig, "diag", None) if isinstance(cause, DBAPIError) else None
        return str(told.message_primary) if told and told.message_primary else "the database could not be reached"


def _execute(connection: Connection, statement: str, values: Mapping[str, object]) -> CursorResult[Any]:
    return connection.execute(_statement(statement), dict(values))


@cache
def _statement(words: str) -> TextClause:
    return text(words)
