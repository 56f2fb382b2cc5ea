"""Logs in `logs.db`, a SQLite file beside the state: compressed chunks, written and read a batch at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import LiteralString

from orchestrator.errors import SetupError, Unavailable
from orchestrator.execution.state import Level, LogLine
from orchestrator.lifecycle.ports import NewLogLine
from orchestrator.store.log_chunk import Chunk, chunks, pack, rank, unpack
from orchestrator.store.log_limit import LIMIT_BYTES, make_room

VERSION = 1
_BUSY_SECONDS = 30.0
_TABLES = """
CREATE TABLE IF NOT EXISTS sequences (execution_id TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chunks (
    execution_id TEXT NOT NULL, last INTEGER NOT NULL, first INTEGER NOT NULL, run INTEGER NOT NULL,
    level INTEGER NOT NULL, size INTEGER NOT NULL, tail INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS ix_chunks_order ON chunks (execution_id, last);
CREATE INDEX IF NOT EXISTS ix_chunks_run ON chunks (execution_id, run, last);
CREATE TABLE IF NOT EXISTS volumes (
    execution_id TEXT NOT NULL, run INTEGER NOT NULL, head INTEGER NOT NULL, tail INTEGER NOT NULL,
    cut_id INTEGER, cut_lines INTEGER NOT NULL, cut_bytes INTEGER NOT NULL,
    PRIMARY KEY (execution_id, run)
) WITHOUT ROWID;
"""
_NEXT = """
INSERT INTO sequences (execution_id, last) VALUES (?, ?)
ON CONFLICT (execution_id) DO UPDATE SET last = last + excluded.last RETURNING last
"""


class SqliteLogs:
    """`Logs` in one file; safe for threads, for several processes, and after a fork.

    `limit` is what one node run may keep, in bytes of text before compression.
    """

    def __init__(self, path: Path, *, limit: int = LIMIT_BYTES) -> None:
        self._path = path
        self._limit = limit
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inherited: list[sqlite3.Connection] = []
        self._lost: dict[tuple[str, int], Counter[str]] = {}
        _survive_fork(self)

    def append(self, execution_id: str, lines: Sequence[NewLogLine]) -> int:
        """As `Logs.append`; 0 where the lines could not be written, which the next lines of that run will tell."""
        with self._lock:
            told = self._told_losses(execution_id, lines)
            try:
                connection = self._connected()
                with _written(connection):
                    last = self._store(connection, execution_id, [*told, *lines])
                for line in told:
                    del self._lost[execution_id, line.run]
                return last
            except (sqlite3.Error, OSError, SetupError) as error:
                self._note_loss(execution_id, lines, str(error))
                return 0

    def read(
        self,
        execution_id: str,
        *,
        run: int | None = None,
        level: Level | None = None,
        query: str = "",
        after: int = 0,
        limit: int = 1000,
    ) -> list[LogLine]:
        least, wanted = rank(level) if level else 0, query.casefold()

        def fits(line: LogLine) -> bool:
            return line.id > after and rank(line.level) >= least and wanted in line.text.casefold()

        where = "last > ? AND level >= ?"
        with self._lock, self._reading() as connection:
            lines = _lines(connection, execution_id, run, (where, after, least))
            return list(islice(filter(fits, lines), limit))

    def tail(self, execution_id: str, run: int, lines: int) -> list[LogLine]:
        with self._lock, self._reading() as connection:
            newest = _lines(connection, execution_id, run, ("1 = 1",), newest_first=True)
            return list(islice(newest, max(lines, 0)))[::-1]

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _store(self, connection: sqlite3.Connection, execution_id: str, lines: Sequence[NewLogLine]) -> int:
        (last,) = connection.execute(_NEXT, (execution_id, len(lines))).fetchone()
        first = last - len(lines) + 1
        for chunk in chunks(lines):
            self._store_chunk(connection, execution_id, first, chunk)
            first += len(chunk.lines)
        return int(last)

    def _store_chunk(self, connection: sqlite3.Connection, execution_id: str, first: int, chunk: Chunk) -> None:
        in_tail = make_room(connection, execution_id, chunk, self._limit)
        last = first + len(chunk.lines) - 1
        values = (execution_id, last, first, chunk.run, chunk.level, chunk.size, in_tail, pack(chunk.lines))
        connection.execute(
            "INSERT INTO chunks (execution_id, last, first, run, level, size, tail, data) VALUES (?,?,?,?,?,?,?,?)",
            values,
        )

    def _note_loss(self, execution_id: str, lines: Sequence[NewLogLine], reason: str) -> None:
        for line in lines:
            self._lost.setdefault((execution_id, line.run), Counter())[reason] += 1

    def _told_losses(self, execution_id: str, lines: Sequence[NewLogLine]) -> list[NewLogLine]:
        """A line of ours for each run of this batch that lost lines since its last successful write."""
        told: dict[int, NewLogLine] = {}
        for line in lines:
            lost = self._lost.get((execution_id, line.run))
            if lost and line.run not in told:
                reason, _ = lost.most_common(1)[0]
                text = f"{lost.total():,} lines are missing here: they could not be written ({reason})"
                told[line.run] = ours(line, text)
        return list(told.values())

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connected()
        except sqlite3.OperationalError as error:
            raise Unavailable(f"{self._path}: {error}", hint="try again in a moment") from error
        except sqlite3.DatabaseError as error:
            raise _unusable(self._path, error) from error

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _open(self._path)
        return self._connection

    def _forget_parent(self) -> None:
        """In a forked child: closing what the parent opened would release the parent's locks."""
        self._lock = threading.Lock()
        if self._connection is not None:
            self._inherited.append(self._connection)
            self._connection = None


def open_logs(path: Path) -> SqliteLogs:
    """The logs in the file at `path`, which is created; `SetupError` where it cannot be used."""
    logs = SqliteLogs(path)
    with logs._lock, logs._reading():
        return logs


def _survive_fork(logs: SqliteLogs) -> None:
    reference = weakref.ref(logs)

    def in_child() -> None:
        if (here := reference()) is not None:
            here._forget_parent()

    os.register_at_fork(after_in_child=in_child)


def ours(line: NewLogLine, text: str) -> NewLogLine:
    """A line in our own words, where `line` stands or stood."""
    return replace(line, level=Level.WARNING, stream="mycelium", text=text, group="", error_code=None)


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.OperationalError) as error:
        raise SetupError(f"{path}: the logs cannot be opened: {error}", hint="check folder and permissions") from error
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise SetupError(
            f"{path}: the logs were written by a newer Mycelium", hint="install it again, or move the file away"
        )
    if version < VERSION:
        with _written(connection):
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def _written(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _lines(
    connection: sqlite3.Connection,
    execution_id: str,
    run: int | None,
    condition: tuple[LiteralString, *tuple[object, ...]],
    *,
    newest_first: bool = False,
) -> Iterator[LogLine]:
    where, *values = condition
    only = "" if run is None else "AND run = ?"
    # Only literals of this module are put together here; every value is a parameter.
    query = (
        f"SELECT run, first, data FROM chunks WHERE execution_id = ? {only} AND {where} "  # noqa: S608 - see above
        f"ORDER BY last {'DESC' if newest_first else 'ASC'}"
    )
    parameters = (execution_id, *(() if run is None else (run,)), *values)
    in_order: Callable[[list[LogLine]], Iterator[LogLine]] = reversed if newest_first else iter
    for found, first, data in connection.execute(query, parameters):
        yield from in_order(unpack(found, first, data))


def _unusable(path: Path, error: sqlite3.Error) -> SetupError:
    return SetupError(f"{path}: the logs cannot be read: {error}", hint="move the file away; a new one is made")
