"""What a database says when something is wrong comes out as an error of ours with a next step."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from orchestrator.errors import Conflict, MyceliumError, SetupError, Unavailable
from orchestrator.store import engine
from orchestrator.store.faults import sqlite_fault, translated
from orchestrator.store.opening import open_store

WHERE = "state.db"


def sqlite_error(code: int) -> sqlite3.OperationalError:
    """What the driver raises for a result code of SQLite."""
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    return error


def raised(error: Exception) -> MyceliumError:
    """What becomes of `error`."""
    with pytest.raises(MyceliumError) as caught, translated(WHERE):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


def test_so_is_what_the_driver_says_to_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction begins with nobody between us and SQLite."""
    monkeypatch.setattr(engine, "_PRAGMAS", ("PRAGMA busy_timeout = 1",))
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}", home=tmp_path)
    with (
        store.begin(),
        pytest.raises(Unavailable, match=r"state\.db: another process has kept the database locked"),
        store.begin(),
    ):
        pass
    store.close()
    assert raised(sqlite_error(sqlite3.SQLITE_FULL)).message.endswith("the disk is full")


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_BUSY_SNAPSHOT, sqlite3.SQLITE_PROTOCOL]
)
def test_a_locked_database_is_worth_another_try(code: int) -> None:
    error = raised(OperationalError("UPDATE", None, sqlite_error(code)))
    assert type(error) is Unavailable
    assert "locked" in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (sqlite3.SQLITE_FULL, "the disk is full"),
        (sqlite3.SQLITE_READONLY, "read-only"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "read-only"),
        (sqlite3.SQLITE_CORRUPT, "damaged"),
        (sqlite3.SQLITE_CORRUPT_INDEX, "damaged"),
        (sqlite3.SQLITE_NOTADB, "not a SQLite database"),
        (sqlite3.SQLITE_CANTOPEN, "cannot be opened"),
        (sqlite3.SQLITE_PERM, "access is denied"),
        (sqlite3.SQLITE_IOERR_FSYNC, "reading or writing failed"),
    ],
)
def test_what_somebody_must_mend_says_where_and_what_next(code: int, what: str) -> None:
    error = raised(DBAPIError("UPDATE", None, sqlite_error(code)))
    assert type(error) is SetupError
    assert error.message.startswith(f"{WHERE}: ")
    assert what in error.message
    assert error.hint


def test_a_write_against_a_constraint_is_a_conflict() -> None:
    error = raised(IntegrityError("INSERT", None, sqlite_error(sqlite3.SQLITE_CONSTRAINT_UNIQUE)))
    assert type(error) is Conflict
    assert "as SQLite says it" in error.message


def test_a_server_out_of_reach_is_worth_another_try() -> None:
    error = raised(OperationalError("SELECT", None, ConnectionError("connection refused\n")))
    assert type(error) is Unavailable
    assert error.message == f"{WHERE}: connection refused"


class ServerError(Exception):
    """As psycopg raises it."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("as PostgreSQL says it")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "what"),
    [
        ("53100", "the disk of the database server is full"),
        ("25006", "the database is read-only"),
        ("42501", "access is denied"),
    ],
)
def test_what_somebody_must_mend_on_a_server(sqlstate: str, what: str) -> None:
    error = raised(OperationalError("INSERT", None, ServerError(sqlstate)))
    assert type(error) is SetupError
    assert error.message == f"{WHERE}: {what}"
    assert error.hint


def test_a_connection_that_broke_is_worth_another_try() -> None:
    error = raised(DBAPIError("COMMIT", None, ServerError("57P01"), connection_invalidated=True))
    assert type(error) is Unavailable


def test_a_pool_without_a_free_connection_is_worth_another_try() -> None:
    error = raised(PoolTimeout("QueuePool limit"))
    assert type(error) is Unavailable
    assert error.message.startswith(f"{WHERE}: ")


@pytest.mark.parametrize(
    "bug",
    [
        OperationalError("SELEC", None, sqlite_error(sqlite3.SQLITE_ERROR)),
        OperationalError("SELECT", None, sqlite3.OperationalError("without a code")),
        ProgrammingError("SELEC", None, RuntimeError("syntax error")),
        ValueError("not the database's"),
    ],
)
def test_a_bug_of_ours_passes_through(bug: Exception) -> None:
    with pytest.raises(type(bug)) as caught, translated(WHERE):
        raise bug
    assert caught.value is bug


def test_the_driver_sets_the_codes_that_are_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    file.write_bytes(b"certainly no database, whatever its name says" * 100)
    connection = sqlite3.connect(file)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        connection.execute("SELECT * FROM sqlite_master")
    connection.close()
    fault = sqlite_fault(caught.value, WHERE)
    assert isinstance(fault, SetupError)
    assert fault.message == f"{WHERE}: this is not a SQLite database"
