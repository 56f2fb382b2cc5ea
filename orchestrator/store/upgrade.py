"""Which revision a database has, and bringing it to ours.

Alembic is imported only when there is something to upgrade: an up-to-date database is opened without it, and a new
SQLite file is made straight from the schema.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from orchestrator.errors import SetupError
from orchestrator.store.engine import WRITE
from orchestrator.store.faults import sqlite_fault, translated
from orchestrator.store.schema import metadata

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012", "0013")
"""Every revision, oldest first; they are the files of `migrations/versions`."""

HEAD = REVISIONS[-1]
MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = (
    "CREATE TABLE alembic_version "
    "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


def prepare(engine: Engine, *, where: str, backups: Path) -> None:
    """Make sure that the database has our revision, or raise `SetupError`."""
    if engine.dialect.name != "sqlite":
        _require_head(engine, where)
    elif not Path(where).exists() or _revision(engine, where) != HEAD:
        upgrade(engine, where=where, backups=backups)


def upgrade(engine: Engine, *, where: str, backups: Path) -> str:
    """Create the tables, or change them step by step to our revision; the revision reached."""
    if engine.dialect.name != "sqlite":
        _migrate(engine, where)
        return HEAD
    with _alone(Path(where)):
        revision = _revision(engine, where)
        if revision is None:
            _create(engine, where)
        elif revision != HEAD:
            _back_up(Path(where), backups / f"{Path(where).stem}-{revision}.db")
            _migrate(engine, where)
    return HEAD


def _require_head(engine: Engine, where: str) -> None:
    revision = _revision(engine, where)
    if revision != HEAD:
        state = f"has revision {revision}, and {HEAD} is needed" if revision else "has no tables yet"
        raise SetupError(f"{where}: the database {state}", hint="stop the workers, then run `mycelium db upgrade`")


def _revision(engine: Engine, where: str) -> str | None:
    """The stored revision; None for an empty database, `SetupError` for one that is not ours or too new."""
    with translated(where), engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        if "alembic_version" not in tables:
            if tables:
                raise SetupError(f"{where}: this database belongs to another program", hint="name another one")
            return None
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision is not None and revision not in REVISIONS:
        raise SetupError(
            f"{where}: the database was made by a newer Mycelium (revision {revision}, this one knows {HEAD})",
            hint="install the newer version again, or name another database",
        )
    return revision


def _create(engine: Engine, where: str) -> None:
    with translated(where), engine.execution_options(**WRITE).begin() as connection:
        metadata.create_all(connection, checkfirst=False)
        connection.execute(text(_VERSION))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def _migrate(engine: Engine, where: str) -> None:
    with translated(where), engine.execution_options(**WRITE).begin() as connection:
        migrate(connection, HEAD)


def migrate(connection: Connection, revision: str) -> None:
    """Run migrations up to `revision` in the connection's transaction: all of them, or none."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """One process at a time creates or upgrades a file."""
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(database.with_name(f"{database.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SetupError(
            f"{database}: the database cannot be created: {error.strerror}",
            hint="check that you may write to its folder and that the disk has space, or set MYCELIUM_DATABASE_URL",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _back_up(database: Path, copy: Path) -> None:
    """A consistent copy, complete before it has its name."""
    unfinished = copy.with_name(f"{copy.name}.unfinished")
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(unfinished)) as target:
            source.backup(target)
        unfinished.replace(copy)
    except (OSError, sqlite3.Error) as error:
        fault = sqlite_fault(error, str(copy)) if isinstance(error, sqlite3.Error) else None
        hint = "the database is unchanged; make room, or move old copies away, and try again"
        raise fault or SetupError(f"{copy}: the copy before the upgrade failed: {error}", hint=hint) from error
