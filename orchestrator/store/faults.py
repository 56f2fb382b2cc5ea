"""What a database says when something is wrong, as our own errors with a next step."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from orchestrator.errors import Conflict, MyceliumError, SetupError, Unavailable

_SETUP = {
    sqlite3.SQLITE_FULL: ("the disk is full", "make room; nothing is half written"),
    sqlite3.SQLITE_CORRUPT: (
        "the database is damaged",
        "stop everything that uses it, move it away, and put a copy from the `backups` folder beside it in its place",
    ),
    sqlite3.SQLITE_NOTADB: ("this is not a SQLite database", "move the file away, or set MYCELIUM_DATABASE_URL"),
    sqlite3.SQLITE_CANTOPEN: (
        "the database cannot be opened",
        "check that its folder exists and that you may write to it, or set MYCELIUM_DATABASE_URL",
    ),
    sqlite3.SQLITE_READONLY: (
        "the database is read-only",
        "check the permissions of the file and of its folder, or set MYCELIUM_DATABASE_URL",
    ),
    sqlite3.SQLITE_PERM: ("access is denied", "check the permissions of the file and of its folder"),
    sqlite3.SQLITE_IOERR: ("reading or writing failed", "check the disk: it may be full, gone or broken"),
}
_POSTGRES_SETUP = {
    "53100": ("the disk of the database server is full", "make room there; nothing is half written"),
    "25006": ("the database is read-only", "name the primary server in MYCELIUM_DATABASE_URL, not a replica"),
    "42501": ("access is denied", "grant the user of MYCELIUM_DATABASE_URL what it needs on Mycelium's tables"),
}
"""By SQLSTATE."""
# PROTOCOL: somebody was stopped while taking a lock on the write-ahead log, and SQLite has tried for ten seconds.
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turns a failure of the database at `where` (a path, or a URL without password) into ours; bugs pass through."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable(f"{where}: no connection became free", hint="try again") from error
    except DBAPIError as error:
        if (ours := _ours(error, where)) is None:
            raise
        raise ours from error
    except sqlite3.Error as error:
        # A transaction begins on the driver's own connection, and nobody wraps what that says.
        if (fault := sqlite_fault(error, where)) is None:
            raise
        raise fault from error


def sqlite_fault(error: sqlite3.Error, where: str) -> MyceliumError | None:
    """Our error for one of SQLite's, or None when it is a bug of ours."""
    if is_busy(error):
        return Unavailable(f"{where}: another process has kept the database locked", hint="try again in a moment")
    if (code := _code(error)) in _SETUP:
        what, hint = _SETUP[code]
        return SetupError(f"{where}: {what}", hint=hint)
    return None


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else has the database, who will let go of it."""
    return _code(error) in _BUSY


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _ours(error: DBAPIError, where: str) -> MyceliumError | None:
    if isinstance(error.orig, sqlite3.Error) and (fault := sqlite_fault(error.orig, where)):
        return fault
    if found := _POSTGRES_SETUP.get(getattr(error.orig, "sqlstate", None) or ""):
        what, hint = found
        return SetupError(f"{where}: {what}", hint=hint)
    if isinstance(error, IntegrityError):
        return Conflict(f"{where}: the write contradicts what is stored: {error.orig}")
    lost = error.connection_invalidated or isinstance(error, OperationalError)
    if lost and not isinstance(error.orig, sqlite3.Error):
        return Unavailable(f"{where}: {str(error.orig).strip()}", hint="is the database server up and reachable?")
    return None
