"""Logs in `logs.db`, a SQLite file beside the state: compressed chunks, written and read a batch at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.errors import MyceliumError, SetupError, Unavailable
from orchestrator.store.faults import is_busy
from orchestrator.store.kept_logs import KeptLogs
from orchestrator.store.log_limit import LIMIT_BYTES
from orchestrator.store.log_rows import LogRows

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


class SqliteLogs(KeptLogs):
    """`Logs` in one file, through one connection."""

    def __init__(self, path: Path, *, limit: int = LIMIT_BYTES) -> None:
        super().__init__(limit=limit)
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._inherited: list[sqlite3.Connection] = []

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    @contextmanager
    def _writing(self, execution_id: str) -> Iterator[LogRows]:
        with self._translated(), _written(connection := self._connected()):
            yield LogRows(connection.execute, execution_id)

    @contextmanager
    def _reading(self, execution_id: str) -> Iterator[LogRows]:
        with self._lock, self._translated():
            yield LogRows(self._connected().execute, execution_id)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _fault(self._path, error) from error

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _open(self._path)
        return self._connection

    def _forget_parent(self) -> None:
        """Closing what the parent opened would release the parent's locks."""
        super()._forget_parent()
        if self._connection is not None:
            self._inherited.append(self._connection)
            self._connection = None


def open_logs(path: Path) -> SqliteLogs:
    """The logs in the file at `path`, which is created; `SetupError` where it cannot be used."""
    logs = SqliteLogs(path)
    with logs._reading(""):
        return logs


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


def _fault(path: Path, error: sqlite3.Error) -> MyceliumError:
    if is_busy(error):
        return Unavailable(f"{path}: {error}", hint="try again in a moment")
    if isinstance(error, sqlite3.OperationalError):
        return SetupError(f"{path}: {error}", hint="check the disk, and the permissions of the file and its folder")
    return SetupError(f"{path}: the logs cannot be read: {error}", hint="move the file away; a new one is made")
