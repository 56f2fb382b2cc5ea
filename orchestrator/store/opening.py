"""Opening a store: the database is checked, and an embedded one is made or upgraded on the way.

SQLAlchemy is imported when a store is opened, so that commands that need none start quickly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import SetupError

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

    from orchestrator.lifecycle.ports import Blobs, Logs, Store
    from orchestrator.store.sql_store import SqlStore

_BACKENDS = ("sqlite", "postgresql")


@dataclass(frozen=True, kw_only=True, slots=True)
class Storage:
    """What executions are kept in. Close the logs before the store: they may use its connections."""

    store: Store
    logs: Logs
    blobs: Blobs

    def close(self) -> None:
        self.logs.close()
        self.store.close()


def open_storage(url: str, *, home: Path) -> Storage:
    """The store at a SQLAlchemy URL with the logs and blobs that belong to it, ready for use.

    Beside SQLite they are files in `home`; PostgreSQL keeps them itself, so that every machine finds them. Errors as
    for `open_store`.
    """
    from orchestrator.store.blobs import FolderBlobs
    from orchestrator.store.logs import open_logs

    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return _shared_storage(parsed, home)
    store = open_store(url, home=home)
    try:
        logs = open_logs(home / "logs.db")
    except BaseException:
        store.close()
        raise
    return Storage(store=store, logs=logs, blobs=FolderBlobs(home / "blobs"))


def open_store(url: str, *, home: Path) -> SqlStore:
    """The store at a SQLAlchemy URL, ready for use: executions alone, without logs and blobs.

    A SQLite file is created where there is none, and upgraded where it is old, after a copy to `home`/backups.
    PostgreSQL is never changed here. `SetupError` says what to do about a database that cannot be used.
    """
    from orchestrator.store.sql_store import SqlStore

    parsed = parse_url(url)
    return SqlStore(_prepared(parsed, home), place(parsed))


def exists(url: str) -> bool:
    """Whether there is a database to open; of a server nobody knows before it is asked."""
    parsed = parse_url(url)
    return parsed.get_backend_name() != "sqlite" or Path(str(parsed.database)).exists()


def upgrade_store(url: str, *, home: Path) -> str:
    """Create or upgrade the database at `url`, PostgreSQL included; the revision it has now."""
    from orchestrator.store.upgrade import upgrade

    parsed = parse_url(url)
    engine = _engine(parsed)
    try:
        return upgrade(engine, where=place(parsed), backups=home / "backups")
    finally:
        engine.dispose()


def parse_url(url: str) -> URL:
    """A URL of a database we can use, or `SetupError`."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise SetupError(
            "MYCELIUM_DATABASE_URL is not a database URL", hint="write sqlite:////folder/state.db or postgresql://…"
        ) from error
    if parsed.get_backend_name() not in _BACKENDS:
        raise SetupError(
            f"MYCELIUM_DATABASE_URL names {parsed.get_backend_name()}", hint="SQLite and PostgreSQL are supported"
        )
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise SetupError(
            "MYCELIUM_DATABASE_URL names a database in memory", hint="several processes share it: name a file"
        )
    return parsed


def place(url: URL) -> str:
    """How errors name the database: the path of a file, or the URL without its password."""
    if url.get_backend_name() == "sqlite":
        return str(Path(str(url.database)).absolute())
    return url.render_as_string(hide_password=True)


def _shared_storage(url: URL, home: Path) -> Storage:
    # SQLAlchemy's words for PostgreSQL take a while to import, and embedded databases need none of them.
    from orchestrator.store.shared_blobs import PostgresBlobs
    from orchestrator.store.shared_logs import PostgresLogs
    from orchestrator.store.sql_store import SqlStore

    engine, where = _prepared(url, home), place(url)
    return Storage(store=SqlStore(engine, where), logs=PostgresLogs(engine, where), blobs=PostgresBlobs(engine, where))


def _prepared(url: URL, home: Path) -> Engine:
    """An engine whose database has our revision."""
    from orchestrator.store.upgrade import prepare

    engine = _engine(url)
    try:
        prepare(engine, where=place(url), backups=home / "backups")
    except BaseException:
        engine.dispose()
        raise
    return engine


def _engine(url: URL) -> Engine:
    from sqlalchemy.exc import NoSuchModuleError

    from orchestrator.store.engine import build_engine

    try:
        return build_engine(url)
    except (ImportError, NoSuchModuleError) as error:
        raise SetupError(
            f"MYCELIUM_DATABASE_URL needs a database driver that is not installed: {error}",
            hint='for PostgreSQL: pip install "psycopg[binary]"',
        ) from error
