"""Opening a database: new, current, old, from the future, foreign, damaged, full, and by many at once."""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from orchestrator.definition.model import Workflow
from orchestrator.errors import SetupError
from orchestrator.execution.state import Execution, Plan
from orchestrator.store import upgrade
from orchestrator.store.opening import open_store, place, upgrade_store
from orchestrator.store.sql_store import SqlStore

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HEAD = upgrade.HEAD
ADD_COLUMN = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "next", "{HEAD}"


def upgrade() -> None:
    op.add_column("leads", sa.Column("note", sa.Text))
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "home" / "state.db"


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As if this version knew one revision more; the file of its migration."""
    folder = tmp_path / "migrations"
    shutil.copytree(upgrade.MIGRATIONS, folder)
    migration = folder / "versions" / "next_note.py"
    migration.write_text(ADD_COLUMN)
    monkeypatch.setattr(upgrade, "MIGRATIONS", folder)
    monkeypatch.setattr(upgrade, "REVISIONS", (*upgrade.REVISIONS, "next"))
    monkeypatch.setattr(upgrade, "HEAD", "next")
    return migration


def opened(database: Path) -> SqlStore:
    return open_store(f"sqlite:///{database}", home=database.parent)


def add_execution(store: SqlStore, execution_id: str, number: int = 1) -> None:
    new = Execution(id=execution_id, number=number, workflow_id="w", workflow_name="W", created_at=NOW)
    plan = Plan(definition=Workflow(id="w", path="w.yaml", name="W", nodes={}), source="")
    with store.begin() as tx:
        tx.insert(new, plan, [], [])


def query(database: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(sql).fetchall()
        connection.commit()
        return rows


class TestNewAndCurrent:
    def test_a_new_file_is_made_with_its_folder(self, database: Path) -> None:
        opened(database).close()
        assert query(database, "SELECT version_num FROM alembic_version") == [(upgrade.HEAD,)]
        assert query(database, "PRAGMA journal_mode") == [("wal",)]
        assert not (database.parent / "backups").exists()

    def test_an_empty_file_is_taken_as_new(self, database: Path) -> None:
        database.parent.mkdir()
        database.touch()
        opened(database).close()
        assert query(database, "SELECT count(*) FROM executions") == [(0,)]

    def test_what_was_stored_is_there_when_opened_again(self, database: Path) -> None:
        first = opened(database)
        add_execution(first, "01")
        first.close()
        second = opened(database)
        assert second.find("latest").id == "01"
        second.close()

    def test_a_current_database_is_opened_without_alembic(self, database: Path) -> None:
        opened(database).close()
        script = (
            "import sys; from pathlib import Path; from orchestrator.store.opening import open_store\n"
            "assert 'sqlalchemy' not in sys.modules\n"
            f"open_store('sqlite:///{database}', home=Path({str(database.parent)!r})).close()\n"
            "assert 'sqlalchemy' in sys.modules and 'alembic' not in sys.modules"
        )
        subprocess.run([sys.executable, "-c", script], check=True, timeout=60)

    def test_connections_commit_to_disk_and_check_references(self, database: Path) -> None:
        store = opened(database)
        with store._engine.connect() as connection:
            found = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("synchronous", "foreign_keys", "busy_timeout", "journal_mode")
            ]
        assert found == [2, 1, 30_000, "wal"]
        store.close()


class TestUpgrades:
    def test_an_old_file_is_copied_and_then_upgraded(self, database: Path, newer: Path) -> None:
        _make_old(database)
        store = opened(database)
        assert store.find("latest").id == "01"
        store.close()
        assert query(database, "SELECT version_num FROM alembic_version") == [("next",)]
        assert ("note",) in query(database, "SELECT name FROM pragma_table_info('leads')")
        backup = database.parent / "backups" / f"state-{HEAD}.db"
        assert query(backup, "SELECT version_num FROM alembic_version") == [(HEAD,)]
        assert query(backup, "SELECT id FROM executions") == [("01",)]
        assert [path.name for path in backup.parent.iterdir()] == [backup.name]

    def test_a_failing_migration_changes_nothing(self, database: Path, newer: Path) -> None:
        _make_old(database)
        newer.write_text(ADD_COLUMN + "    raise ZeroDivisionError\n")
        with pytest.raises(ZeroDivisionError):
            opened(database)
        assert query(database, "SELECT version_num FROM alembic_version") == [(HEAD,)]
        assert ("note",) not in query(database, "SELECT name FROM pragma_table_info('leads')")

    def test_no_copy_no_upgrade(self, database: Path, newer: Path) -> None:
        _make_old(database)
        (database.parent / "backups").write_text("in the way")
        with pytest.raises(SetupError, match="copy before the upgrade"):
            opened(database)
        assert query(database, "SELECT version_num FROM alembic_version") == [(HEAD,)]

    def test_upgrading_by_hand_creates_and_is_safe_to_repeat(self, database: Path) -> None:
        url = f"sqlite:///{database}"
        assert upgrade_store(url, home=database.parent) == upgrade.HEAD
        assert upgrade_store(url, home=database.parent) == upgrade.HEAD
        opened(database).close()


def _make_old(database: Path) -> None:
    """A file as the revision before made it."""
    known = upgrade.HEAD
    upgrade.HEAD = HEAD
    try:
        store = opened(database)
        add_execution(store, "01")
        store.close()
    finally:
        upgrade.HEAD = known


class TestUnusable:
    def test_a_database_from_the_future_is_refused(self, database: Path) -> None:
        opened(database).close()
        query(database, "UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(SetupError, match=r"state\.db.*newer Mycelium.*9999.*install the newer version"):
            opened(database)
        assert query(database, "SELECT version_num FROM alembic_version") == [("9999",)]

    def test_another_programs_database_is_left_alone(self, database: Path) -> None:
        database.parent.mkdir()
        query(database, "CREATE TABLE bookmarks (id INTEGER)")
        with pytest.raises(SetupError, match="another program"):
            opened(database)
        assert query(database, "SELECT name FROM sqlite_master") == [("bookmarks",)]

    def test_a_file_that_is_no_database(self, database: Path) -> None:
        database.parent.mkdir()
        database.write_bytes(b"once upon a time there was a file" * 100)
        with pytest.raises(SetupError, match=r"state\.db.*not a SQLite database.*MYCELIUM_DATABASE_URL"):
            opened(database)

    def test_a_damaged_file(self, database: Path) -> None:
        opened(database).close()
        content = bytearray(database.read_bytes())
        content[100:8_192] = b"\xff" * (8_192 - 100)
        database.write_bytes(content)
        with pytest.raises(SetupError, match=r"state\.db.*damaged.*backups"):
            opened(database)

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(SetupError, match=r"state\.db: the database cannot be created"):
            opened(tmp_path / "file" / "state.db")

    def test_a_full_disk(self, database: Path) -> None:
        store = opened(database)

        def no_more_pages(connection: sqlite3.Connection, _record: object) -> None:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")

        store._engine.dispose()
        event.listen(store._engine, "connect", no_more_pages)
        with pytest.raises(SetupError, match=r"state\.db: the disk is full"):
            _fill(store)
        assert store.executions() == []
        store.close()

    @pytest.mark.parametrize("url", ["nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:"])
    def test_urls_of_other_things(self, url: str, tmp_path: Path) -> None:
        with pytest.raises(SetupError, match="MYCELIUM_DATABASE_URL"):
            open_store(url, home=tmp_path)

    def test_an_unknown_driver(self, tmp_path: Path) -> None:
        with pytest.raises(SetupError, match=r"driver that is not installed.*pip install"):
            open_store("postgresql+nosuchdriver://host/db", home=tmp_path)

    def test_a_missing_postgresql_driver(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "psycopg", None)
        with pytest.raises(SetupError, match="psycopg"):
            open_store("postgresql://host/db", home=tmp_path)

    def test_a_password_is_never_shown(self) -> None:
        from orchestrator.store.opening import parse_url

        assert "hunter2" not in place(parse_url("postgresql://me:hunter2@host/db"))


def _fill(store: SqlStore) -> None:
    plan = Plan(definition=Workflow(id="w", path="w.yaml", name="W", nodes={}), source="x" * 1_000_000)
    with store.begin() as tx:
        tx.insert(Execution(id="01", number=1, workflow_id="w", workflow_name="W", created_at=NOW), plan, [], [])


def _open_and_add(database: Path, number: int) -> None:
    store = opened(database)
    add_execution(store, f"0{number}", number)
    store.close()


def _add(store: SqlStore, number: int) -> None:
    add_execution(store, f"0{number}", number)


class TestProcesses:
    def test_many_may_open_a_new_one_at_once(self, database: Path) -> None:
        context = multiprocessing.get_context("spawn")
        processes = [context.Process(target=_open_and_add, args=(database, number)) for number in (1, 2, 3)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0, 0, 0]
        assert query(database, "SELECT id FROM executions ORDER BY id") == [("01",), ("02",), ("03",)]

    @pytest.fixture
    def store(self, database: Path) -> Iterator[SqlStore]:
        store = opened(database)
        yield store
        store.close()

    def test_a_forked_child_and_its_parent_go_on(self, store: SqlStore) -> None:
        add_execution(store, "01", 1)
        child = multiprocessing.get_context("fork").Process(target=_add, args=(store, 2))
        child.start()
        child.join()
        assert child.exitcode == 0
        add_execution(store, "03", 3)
        assert [execution.id for execution in store.executions()] == ["03", "02", "01"]
