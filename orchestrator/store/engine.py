"""Engines: how a connection to SQLite or PostgreSQL is set up, and how a transaction begins."""

from __future__ import annotations

import os
import select
import time
import weakref
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from orchestrator.store.percentile import teach

WRITE = {"mycelium_write": True}
BUSY_TIMEOUT_MS = 30_000
RESTED_SECONDS = 5.0
# A commit is on disk before anybody hears of it: FULL syncs the write-ahead log each time.
_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)
# How soon a server that vanished without a word is given up; the URL may say otherwise. libpq's own names.
_REACH = {"connect_timeout": 10, "keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 4}
_inherited: list[Pool] = []


def build_engine(url: URL) -> Engine:
    """An engine that connects when first used, and that a forked child can go on using."""
    shared = url.get_backend_name() != "sqlite"
    reach = {name: value for name, value in _REACH.items() if shared and name not in url.query}
    engine = create_engine(url, connect_args=reach)
    if shared:
        event.listen(engine, "checkin", _note_rest)
        event.listen(engine, "checkout", partial(_ask_if_doubtful, engine.dialect))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    _survive_fork(engine)
    return engine


def _note_rest(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["rests_since"] = time.monotonic()


def _ask_if_doubtful(dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _user: object) -> None:
    """Have a connection replaced whose server is gone, without a round trip for each transaction.

    A server that ends says so, and a connection at rest has nothing else to say: only one that has something to read,
    or has rested for long, is asked whether it still answers.
    """
    since = record.info.get("rests_since")
    if connection is None or since is None:
        return
    try:
        if time.monotonic() - since > RESTED_SECONDS or _has_news(connection):
            dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error


def _has_news(connection: Any) -> bool:
    """Whether the server has sent something, or closed its end."""
    watched = select.poll()
    watched.register(connection.fileno(), select.POLLIN)
    return bool(watched.poll(0))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    teach(connection)


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads first and writes later fails at once when another writer came in between.
    write = connection.get_execution_options().get("mycelium_write", False)
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN IMMEDIATE" if write else "BEGIN")


def _survive_fork(engine: Engine) -> None:
    reference = weakref.ref(engine)

    def forget_connections() -> None:
        if (here := reference()) is not None:
            # Closing the parent's connections, even by letting them go, would disturb the parent.
            _inherited.append(here.pool)
            here.dispose(close=False)

    os.register_at_fork(after_in_child=forget_connections)
