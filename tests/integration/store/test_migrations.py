"""The migrations lead to the schema that the code works with, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, make_url

from orchestrator.errors import SetupError
from orchestrator.execution.state import Execution, NodeRun
from orchestrator.store import shared_tables, upgrade
from orchestrator.store.engine import WRITE, build_engine
from orchestrator.store.opening import open_store, upgrade_store
from orchestrator.store.schema import RUN_COLUMNS, executions, metadata
from tests.fakes.postgres import PostgresDatabases


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[Engine]:
    engine = build_engine(make_url(f"sqlite:///{tmp_path}/migrated.db"))
    with engine.execution_options(**WRITE).begin() as connection:
        upgrade.migrate(connection, "head")
    yield engine
    engine.dispose()


@pytest.fixture
def created(tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "created.db"
    engine = build_engine(make_url(f"sqlite:///{path}"))
    upgrade.prepare(engine, where=str(path), backups=tmp_path)
    yield engine
    engine.dispose()


def test_the_known_revisions_are_those_of_the_migrations() -> None:
    scripts = ScriptDirectory(upgrade.MIGRATIONS)
    known = [script.revision for script in scripts.walk_revisions("base", "heads")]
    assert tuple(reversed(known)) == upgrade.REVISIONS
    assert scripts.get_current_head() == upgrade.HEAD


def test_columns_are_the_fields_of_the_values() -> None:
    assert {column.name for column in executions.c} == {field.name for field in fields(Execution)}
    assert {column.name for column in RUN_COLUMNS} == {field.name for field in fields(NodeRun)}


def test_alembic_finds_no_difference(migrated: Engine) -> None:
    with migrated.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_migrated_and_a_new_sqlite_database_are_the_same(migrated: Engine, created: Engine) -> None:
    assert _definitions(migrated) == _definitions(created)


def test_postgresql_is_upgraded_only_by_hand(postgres_databases: PostgresDatabases, tmp_path: Path) -> None:
    url = postgres_databases.create(tables=False)
    with pytest.raises(SetupError, match=r"no tables yet.*mycelium db upgrade"):
        open_store(url, home=tmp_path)
    assert upgrade_store(url, home=tmp_path) == upgrade.HEAD
    open_store(url, home=tmp_path).close()
    engine = build_engine(make_url(url))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), [metadata, shared_tables.metadata]) == []
        expected = {*metadata.tables, *shared_tables.metadata.tables, "alembic_version"}
        assert set(inspect(connection).get_table_names()) == expected
    engine.dispose()


def _definitions(engine: Engine) -> dict[str, object]:
    """What SQLite knows of each table and index; where a column that came later stands in the text does not matter."""
    with engine.connect() as connection:

        def rows(question: str) -> list[tuple[object, ...]]:
            return [tuple(row) for row in connection.exec_driver_sql(question)]

        texts = {str(name): sql for name, sql in rows("SELECT name, sql FROM sqlite_master WHERE type = 'index'")}
        tables = rows("SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
        return texts | {
            str(name): (kind, *(rows(f"PRAGMA {about}('{name}')") for about in ("table_xinfo", "foreign_key_list")))
            for name, *kind in tables
        }
