"""What PostgreSQL looks at for a node run does not depend on what it believes of the tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, make_url, text

from orchestrator.definition.model import Workflow
from orchestrator.execution.state import Execution, NodeRun, Plan
from orchestrator.store import executions
from orchestrator.store.engine import build_engine
from orchestrator.store.neighbourhood import read_predecessors, read_successors
from orchestrator.store.sql_store import SqlStore
from orchestrator.store.upgrade import prepare
from tests.fakes.postgres import PostgresDatabases

pytestmark = pytest.mark.xdist_group("postgresql")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
PLAN = Plan(definition=Workflow(id="w", path="w.yaml", name="W", nodes={}), source="")
MANY = 1_500


@pytest.fixture
def engine(postgres_databases: PostgresDatabases, tmp_path: Path) -> Iterator[Engine]:
    engine = build_engine(make_url(postgres_databases.create()))
    prepare(engine, where="the database", backups=tmp_path)
    yield engine
    engine.dispose()


def insert(engine: Engine, id: str, nodes: int) -> None:
    """An execution whose nodes follow one another."""
    new = Execution(id=id, number=int(id), workflow_id="w", workflow_name="W", created_at=NOW)
    runs = [NodeRun(execution_id=id, index=index, node="n", key=f"n{index}") for index in range(nodes)]
    with SqlStore(engine, "the database").begin() as tx:
        tx.insert(new, PLAN, runs, [(index, index + 1) for index in range(nodes - 1)])


def looked_at(connection: Connection) -> int:
    """How many entries of indexes this transaction has read."""
    counted = "SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_stat_user_indexes"
    return int(connection.scalar(text(counted)) or 0)


def believed(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        words = text("SELECT reltuples FROM pg_class WHERE relname = :table")
        return int(connection.scalar(words, {"table": table}) or 0)


def test_neighbours_are_found_by_their_edges(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executions, "_MANY_ROWS", 1_000_000)
    insert(engine, "01", 2)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    insert(engine, "02", MANY)
    for index in (1, MANY // 2):
        with engine.connect() as connection:
            before = looked_at(connection)
            assert [run.index for run in read_successors(connection, "02", index)] == [index + 1]
            assert [run.index for run in read_predecessors(connection, "02", [index])[index]] == [index - 1]
            # The edges may be read through either of their indexes, and once at most.
            assert looked_at(connection) - before < 2 * MANY


def test_a_large_execution_has_its_tables_counted(engine: Engine) -> None:
    insert(engine, "01", 2)
    assert believed(engine, "node_runs") < 2
    insert(engine, "02", MANY)
    assert believed(engine, "node_runs") == MANY + 2
    assert believed(engine, "edges") == MANY
