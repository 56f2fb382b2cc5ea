"""What every log store does, and what the one on disk does about limits, full disks and several processes."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import make_url

from orchestrator.errors import SetupError, Unavailable
from orchestrator.execution.log_line import Level, LogLine
from orchestrator.lifecycle.ports import Logs, NewLogLine
from orchestrator.store import kept_logs
from orchestrator.store.engine import build_engine
from orchestrator.store.kept_logs import KeptLogs
from orchestrator.store.log_chunk import LINE_CHARACTERS
from orchestrator.store.log_limit import LIMIT_BYTES
from orchestrator.store.log_rows import LogRows
from orchestrator.store.logs import SqliteLogs, open_logs
from orchestrator.store.shared_logs import PostgresLogs
from tests.fakes.logs import MemoryLogs
from tests.fakes.postgres import PostgresDatabases

AT = datetime(2026, 3, 1, 12, 30, 15, 123457, tzinfo=UTC)


POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))


@pytest.fixture(params=["memory", "sqlite", POSTGRESQL])
def logs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Logs]:
    if request.param == "postgresql":
        yield from shared(request)
        return
    opened: Logs = MemoryLogs() if request.param == "memory" else open_logs(tmp_path / "home" / "logs.db")
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", POSTGRESQL])
def small_logs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeptLogs]:
    """Logs that keep 10,000 bytes of a node run."""
    if request.param == "postgresql":
        yield from shared(request, limit=10_000)
        return
    opened = SqliteLogs(tmp_path / "logs.db", limit=10_000)
    yield opened
    opened.close()


def shared(request: pytest.FixtureRequest, limit: int = LIMIT_BYTES) -> Iterator[PostgresLogs]:
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    engine = build_engine(make_url(databases.emptied()))
    yield PostgresLogs(engine, "the database", limit=limit)
    engine.dispose()


def line(text: str = "hello", run: int = 0, **changes: object) -> NewLogLine:
    values: dict[str, object] = {
        "run": run,
        "key": f"n{run}",
        "attempt": 1,
        "at": AT,
        "level": Level.INFO,
        "stream": "stdout",
        "text": text,
    }
    return NewLogLine(**(values | changes))  # type: ignore[arg-type]


def texts(lines: list[LogLine]) -> list[str]:
    return [each.text for each in lines]


class TestReading:
    def test_every_field_comes_back_with_an_id(self, logs: Logs) -> None:
        full = line("☃ \U0001f344 ::x", 3, attempt=2, level=Level.ERROR, stream="tool", group="Set up", error_code="E1")
        assert logs.append("x", [full, line()]) == 2
        assert logs.read("x") == [LogLine(id=1, **asdict(full)), LogLine(id=2, **asdict(line()))]

    def test_ids_go_on_from_batch_to_batch_for_each_execution(self, logs: Logs) -> None:
        assert [logs.append("x", [line(), line()]) for _ in range(3)] == [2, 4, 6]
        assert logs.append("y", [line()]) == 1
        assert logs.append("x", []) == 6
        assert [each.id for each in logs.read("x")] == [1, 2, 3, 4, 5, 6]

    def test_a_log_that_is_forgotten_begins_anew(self, logs: Logs) -> None:
        logs.append("x", [line("a"), line("b")])
        logs.append("y", [line("c")])
        logs.forget("x")
        assert logs.read("x") == []
        assert logs.append("x", [line("d")]) == 1
        assert [texts(logs.read(name)) for name in ("x", "y")] == [["d"], ["c"]]

    def test_what_mixed_batches_held_can_be_read_by_run(self, logs: Logs) -> None:
        logs.append("x", [line("a", 0), line("b", 1), line("c", 0), line("d", 0)])
        logs.append("x", [line("e", 1)])
        assert texts(logs.read("x")) == ["a", "b", "c", "d", "e"]
        assert texts(logs.read("x", run=0)) == ["a", "c", "d"]
        assert [each.id for each in logs.read("x", run=1)] == [2, 5]
        assert logs.read("x", run=7) == []
        assert logs.read("other") == []

    def test_a_level_is_a_minimum(self, logs: Logs) -> None:
        logs.append("x", [line(level.value, level=level) for level in Level])
        logs.append("x", [line("later", level=Level.DEBUG)])
        assert texts(logs.read("x", level=Level.DEBUG)) == ["debug", "info", "warning", "error", "later"]
        assert texts(logs.read("x", level=Level.WARNING)) == ["warning", "error"]

    def test_a_query_is_found_anywhere_in_any_case(self, logs: Logs) -> None:
        logs.append("x", [line("Straße 50%"), line("nothing"), line("the STRASSE")])
        assert texts(logs.read("x", query="strasse")) == ["Straße 50%", "the STRASSE"]
        assert texts(logs.read("x", query="0%")) == ["Straße 50%"]
        assert logs.read("x", query="%") != logs.read("x", query="")

    def test_pages_follow_each_other(self, logs: Logs) -> None:
        for start in range(0, 10, 3):
            logs.append("x", [line(str(number)) for number in range(start, min(start + 3, 10))])
        seen: list[LogLine] = []
        while page := logs.read("x", after=seen[-1].id if seen else 0, limit=4):
            assert len(page) <= 4
            seen += page
        assert texts(seen) == [str(number) for number in range(10)]

    def test_filters_apply_together(self, logs: Logs) -> None:
        logs.append("x", [line("a match", run, level=level) for run in (0, 1) for level in Level])
        found = logs.read("x", run=1, level=Level.WARNING, query="MATCH", after=7, limit=5)
        assert [each.id for each in found] == [8]

    @pytest.mark.parametrize(("count", "expected"), [(2, ["d", "e"]), (9, ["a", "c", "d", "e"]), (0, [])])
    def test_a_tail_has_the_last_lines_of_a_run_in_order(self, logs: Logs, count: int, expected: list[str]) -> None:
        logs.append("x", [line("a"), line("b", 1), line("c")])
        logs.append("x", [line("d"), line("e"), line("f", 1)])
        assert texts(logs.tail("x", 0, count)) == expected

    def test_a_large_batch_comes_back_whole(self, logs: Logs) -> None:
        batch = [line(f"{number} " + "x" * 200) for number in range(2_000)]
        assert logs.append("x", batch) == 2_000
        assert texts(logs.read("x", limit=5_000)) == [each.text for each in batch]
        assert [each.id for each in logs.read("x", after=1_234, limit=2)] == [1_235, 1_236]

    def test_text_that_is_no_text_does_not_break_the_log(self, logs: Logs) -> None:
        logs.append("x", [line("half a pair \ud800 and \0")])
        assert texts(logs.read("x"))[0].startswith("half a pair")


class TestLimit:
    def test_head_and_tail_stay_and_a_line_tells_what_is_missing(self, small_logs: KeptLogs) -> None:
        for number in range(100):
            small_logs.append("x", [line(f"{number:03} ".ljust(499, "x"))])
        kept = small_logs.read("x")
        markers = [each for each in kept if each.stream == "mycelium"]
        rest = [int(each.text[:3]) for each in kept if each.stream != "mycelium"]
        assert rest == [*range(10), *range(90, 100)]
        assert len(markers) == 1
        assert markers[0].text.startswith("80 lines (0.0 MB)")
        assert kept.index(markers[0]) == 10
        assert [each.id for each in kept] == sorted({each.id for each in kept})
        assert texts(small_logs.tail("x", 0, 1))[0].startswith("099")

    def test_each_run_has_its_own_limit_and_ids_go_on(self, small_logs: KeptLogs) -> None:
        small_logs.append("x", [line("quiet", 1)])
        last = max(small_logs.append("x", [line("y" * 999)]) for _ in range(50))
        assert last == 51
        assert texts(small_logs.read("x", run=1)) == ["quiet"]
        assert small_logs.append("x", [line("quiet again", 1)]) == 52

    def test_a_batch_over_the_limit_keeps_its_end(self, small_logs: KeptLogs) -> None:
        small_logs._limit = 400_000
        small_logs.append("x", [line(f"{number:04} ".ljust(999, "x")) for number in range(2_000)])
        numbers = [int(each.text[:4]) for each in small_logs.read("x", limit=5_000) if each.stream == "stdout"]
        assert numbers[0] == 0
        assert numbers[-1] == 1_999
        assert sum(1_000 for _ in numbers) <= 400_000

    def test_an_endless_line_is_cut(self, small_logs: KeptLogs) -> None:
        small_logs._limit = LIMIT_BYTES
        small_logs.append("x", [line("z" * (LINE_CHARACTERS + 1_234))])
        (text,) = texts(small_logs.read("x"))
        assert text.endswith("… (1,234 more characters)")
        assert len(text) < LINE_CHARACTERS + 100


FILL = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON log_chunks EXECUTE FUNCTION refuse()
"""


@pytest.mark.xdist_group("postgresql")
class TestServerTrouble:
    @pytest.fixture
    def url(self, postgres_databases: PostgresDatabases) -> str:
        return postgres_databases.create()

    def test_a_full_server_never_raises_and_is_told_later(self, url: str) -> None:
        engine = build_engine(make_url(url))
        logs = PostgresLogs(engine, "the database")
        logs.append("x", [line("before")])
        with engine.begin() as connection:
            connection.exec_driver_sql(FILL)
        assert [logs.append("x", [line("lost"), line("lost too")]) for _ in range(2)] == [0, 0]
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP TRIGGER full_disk ON log_chunks")
        assert logs.append("x", [line("after")]) == 3
        told = logs.read("x")
        assert texts(told)[0::2] == ["before", "after"]
        assert told[1].text.startswith("4 lines are missing here")
        assert "No space left" in told[1].text
        assert "INSERT" not in told[1].text
        engine.dispose()

    def test_a_server_out_of_reach_truncates_the_log_and_fails_a_reader(self, url: str) -> None:
        away = build_engine(make_url(url).set(host="127.0.0.1", port=9, query={}))
        logs = PostgresLogs(away, "the database")
        assert logs.append("x", [line()]) == 0
        with pytest.raises(Unavailable, match="the database: "):
            logs.read("x")
        away.dispose()

    def test_connections_that_the_server_closed_are_made_anew(self, url: str) -> None:
        engine, other = build_engine(make_url(url)), build_engine(make_url(url))
        logs = PostgresLogs(engine, "the database")
        logs.append("x", [line("before")])
        with other.begin() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert logs.append("x", [line("after")]) == 2
        assert texts(logs.read("x")) == ["before", "after"]
        engine.dispose()
        other.dispose()


class Outage:
    """Logs whose database goes away: before a transaction, or with the answer to its commit."""

    def __init__(self, logs: KeptLogs, monkeypatch: pytest.MonkeyPatch) -> None:
        self.trouble = ""
        self._writing = logs._writing
        monkeypatch.setattr(logs, "_writing", self._cut)

    @contextmanager
    def _cut(self, execution_id: str) -> Iterator[LogRows]:
        if self.trouble == "away":
            raise Unavailable("the database: gone")
        with self._writing(execution_id) as rows:
            yield rows
        if self.trouble == "no answer":
            raise Unavailable("the database: gone")


class TestOutage:
    @pytest.fixture
    def outage(self, small_logs: KeptLogs, monkeypatch: pytest.MonkeyPatch) -> Outage:
        return Outage(small_logs, monkeypatch)

    def test_lines_wait_until_the_database_is_back(self, small_logs: KeptLogs, outage: Outage) -> None:
        assert small_logs.append("x", [line("a")]) == 1
        outage.trouble = "away"
        assert [small_logs.append("x", [line("b"), line("c", 1)]), small_logs.append("x", [line("d")])] == [0, 0]
        with pytest.raises(Unavailable):
            small_logs.settle("x")
        outage.trouble = ""
        assert small_logs.append("x", [line("e")]) == 5
        assert texts(small_logs.read("x")) == ["a", "b", "c", "d", "e"]

    def test_the_last_lines_are_stored_without_others(self, small_logs: KeptLogs, outage: Outage) -> None:
        outage.trouble = "away"
        small_logs.append("x", [line("last")])
        outage.trouble = ""
        for _ in range(2):
            small_logs.settle("x")
            small_logs.settle("other")
        assert texts(small_logs.read("x")) == ["last"]

    def test_what_was_stored_without_an_answer_is_not_stored_again(self, small_logs: KeptLogs, outage: Outage) -> None:
        lines = [replace(line(f"{number}", number % 2), at=AT + timedelta(microseconds=number)) for number in range(6)]
        outage.trouble = "no answer"
        assert small_logs.append("x", lines[:3]) == 0
        outage.trouble = "away"
        small_logs.append("x", lines[3:5])
        outage.trouble = ""
        small_logs.append("x", lines[5:])
        assert texts(small_logs.read("x")) == ["0", "1", "2", "3", "4", "5"]

    def test_what_is_too_much_to_hold_is_told(
        self, small_logs: KeptLogs, outage: Outage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kept_logs, "MOST_HELD_CHARACTERS", 10)
        outage.trouble = "away"
        for text in ("12345", "1234567", "123"):
            small_logs.append("x", [line(text)])
        outage.trouble = ""
        small_logs.append("x", [line("after")])
        first, told, last = texts(small_logs.read("x"))
        assert (first, last) == ("12345", "after")
        assert told.startswith("2 lines are missing here")

    def test_a_child_does_not_store_what_its_parent_holds(self, small_logs: KeptLogs, outage: Outage) -> None:
        outage.trouble = "away"
        small_logs.append("x", [line("parent")])
        small_logs._forget_parent()
        outage.trouble = ""
        small_logs.append("x", [line("child")])
        assert texts(small_logs.read("x")) == ["child"]


class TestTrouble:
    def test_a_full_disk_never_raises_and_is_told_later(self, tmp_path: Path) -> None:
        logs = SqliteLogs(tmp_path / "logs.db")
        logs.append("x", [line("before")])
        assert logs._connection is not None
        (pages,) = logs._connection.execute("PRAGMA page_count").fetchone()
        logs._connection.execute(f"PRAGMA max_page_count = {pages}")
        noise = [line(os.urandom(4_000).hex()) for _ in range(50)]
        assert logs.append("x", noise) == 0
        assert logs.append("x", noise) == 0
        assert texts(logs.read("x")) == ["before"]
        logs._connection.execute("PRAGMA max_page_count = 1000000")
        assert logs.append("x", [line("after"), line("other", 1)]) == 4
        told = logs.read("x")
        assert [each.id for each in told] == [1, 2, 3, 4]
        assert texts(told)[0::2] == ["before", "after"]
        assert told[1].text.startswith("100 lines are missing here")
        assert "full" in told[1].text
        assert (told[1].stream, told[1].level, told[1].run) == ("mycelium", Level.WARNING, 0)
        logs.append("x", [line("once")])
        assert texts(logs.read("x", after=4)) == ["once"]
        logs.close()

    def test_a_folder_that_vanished_never_raises(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        logs = SqliteLogs(tmp_path / "file" / "logs.db")
        assert logs.append("x", [line()]) == 0

    def test_a_file_that_is_no_database_is_a_setup_error(self, tmp_path: Path) -> None:
        path = tmp_path / "logs.db"
        path.write_bytes(b"not a database, but long enough to be looked at" * 50)
        with pytest.raises(SetupError, match=r"logs\.db"):
            open_logs(path)

    def test_logs_of_a_newer_version_are_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "logs.db"
        open_logs(path).close()
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA user_version = 99")
        connection.close()
        with pytest.raises(SetupError, match="newer"):
            open_logs(path)


def _append_many(logs: Callable[[], Logs], run: int) -> None:
    opened = logs()
    for number in range(25):
        opened.append("x", [line(f"{run}-{number}-{part}", run) for part in range(4)])
    opened.close()


def _append_one(logs: Logs) -> None:
    logs.append("x", [line("child")])


class OwnEngine(PostgresLogs):
    """Logs that close their engine, as a process does at its end."""

    def close(self) -> None:
        self._engine.dispose()


def _shared_logs(url: str) -> PostgresLogs:
    return OwnEngine(build_engine(make_url(url)), "the database")


class TestProcesses:
    @pytest.fixture(params=["sqlite", POSTGRESQL])
    def opening(self, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Logs]:
        """Opens the same logs each time, in any process."""
        if request.param == "sqlite":
            return partial(open_logs, tmp_path / "logs.db")
        databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
        return partial(_shared_logs, databases.emptied())

    def test_several_write_at_once_and_share_one_sequence(self, opening: Callable[[], Logs]) -> None:
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=_append_many, args=(opening, run)) for run in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert [worker.exitcode for worker in workers] == [0, 0, 0]
        logs = opening()
        found = logs.read("x", limit=10_000)
        assert [each.id for each in found] == list(range(1, 301))
        for run in range(3):
            mine = [each for each in found if each.run == run]
            assert texts(mine) == [f"{run}-{number}-{part}" for number in range(25) for part in range(4)]
            batches = [mine[start : start + 4] for start in range(0, 100, 4)]
            assert all(after.id == before.id + 1 for batch in batches for before, after in pairwise(batch))
        logs.close()

    def test_a_forked_child_writes_on(self, opening: Callable[[], Logs]) -> None:
        logs = opening()
        logs.append("x", [line("parent")])
        child = multiprocessing.get_context("fork").Process(target=_append_one, args=(logs,))
        child.start()
        child.join()
        assert child.exitcode == 0
        logs.append("x", [line("parent again")])
        assert texts(logs.read("x")) == ["parent", "child", "parent again"]
        logs.close()

    def test_a_reader_finds_what_another_has_appended(self, opening: Callable[[], Logs]) -> None:
        writer, reader = opening(), opening()
        writer.append("x", [replace(line(), text="one")])
        assert texts(reader.read("x")) == ["one"]
        writer.close()
        reader.close()
