"""Settings: where paths and URLs lead, and what is refused with the variable's name."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from orchestrator.app import check_reach
from orchestrator.errors import SetupError
from orchestrator.settings import load
from orchestrator.store.opening import parse_url

ROOT = Path("/code/a?b#c%41 ü")


@pytest.mark.parametrize(
    ("environ", "file"),
    [
        ({}, f"{ROOT}/.mycelium/state.db"),
        ({"MYCELIUM_HOME_DIR": "here/50%"}, f"{ROOT}/here/50%/state.db"),
        ({"MYCELIUM_HOME_DIR": "/else?where"}, "/else?where/state.db"),
        ({"MYCELIUM_DATABASE_URL": "sqlite:///x.db"}, f"{ROOT}/x.db"),
        ({"MYCELIUM_DATABASE_URL": "sqlite+pysqlite:///data/x%3F.db"}, f"{ROOT}/data/x?.db"),
        ({"MYCELIUM_DATABASE_URL": "sqlite:////data/x.db"}, "/data/x.db"),
    ],
)
def test_where_the_database_lies(environ: dict[str, str], file: str) -> None:
    assert parse_url(load(ROOT, environ).database_url).database == file


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_database_in_memory_stays_one_and_is_refused(url: str) -> None:
    with pytest.raises(SetupError, match="in memory"):
        parse_url(load(ROOT, {"MYCELIUM_DATABASE_URL": url}).database_url)


def test_a_url_of_a_server_is_left_alone() -> None:
    url = "postgresql+psycopg://u:p%40@db/x?sslmode=require"
    assert load(ROOT, {"MYCELIUM_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"HOME": "/home/u"}, "/home/u/.cache/mycelium"),
        ({"HOME": "/home/u", "XDG_CACHE_HOME": "/cache"}, "/cache/mycelium"),
        ({"MYCELIUM_CACHE_DIR": "/big"}, "/big"),
        ({"MYCELIUM_CACHE_DIR": "big"}, f"{ROOT}/big"),
    ],
)
def test_where_the_cache_lies(environ: dict[str, str], folder: str) -> None:
    assert load(ROOT, environ).cache_dir == Path(folder)


def test_a_cache_without_a_home_variable_lies_in_an_absolute_folder() -> None:
    assert load(ROOT, {}).cache_dir.is_absolute()
    assert not load(ROOT, {}).cache_dir.is_relative_to(ROOT)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CONCURRENCY", "many", "is not a number: 'many'"),
        ("CONCURRENCY", "0", "must be at least 1"),
        ("CONCURRENCY", "nan", "must be at least 1"),
        ("CONCURRENCY", "257", "must be at most 256"),
        ("CONCURRENCY", "1.5", "must be a whole number"),
        ("WORKSPACE_QUOTA_GB", "-1", "must be at least 0"),
        ("WORKSPACE_QUOTA_GB", "inf", "must be at most"),
        ("LOG_FORMAT", "xml", "must be one of console, json"),
        ("SECRET_TOKEN", os.fsdecode(b"hush\xff"), "cannot be read as UTF-8"),
    ],
)
def test_what_is_refused(name: str, value: str, said: str) -> None:
    with pytest.raises(SetupError, match=said) as refusal:
        load(ROOT, {f"MYCELIUM_{name}": value})
    assert f"MYCELIUM_{name}" in str(refusal.value)
    assert "hush" not in str(refusal.value)


OURS, BOARD = "redis://:a@queue.example:6379/0", "redis://:b@board.example"


@pytest.mark.parametrize(
    ("board", "refused"),
    [
        (BOARD, False),
        ("redis://other:c@queue.example/3", True),
        ("rediss://queue.example:6379", True),
        ("redis://queue.example:6380", False),
        ("unix:///run/valkey.sock", False),
    ],
)
def test_the_blackboard_is_on_a_server_of_its_own(tmp_path: Path, board: str, refused: bool) -> None:
    postgres = "postgresql+psycopg://nowhere.example/x"
    environ = {"MYCELIUM_REDIS_URL": OURS, "MYCELIUM_BLACKBOARD_URL": board, "MYCELIUM_DATABASE_URL": postgres}
    found = load(tmp_path, environ)
    assert found.blackboard_url == board
    with pytest.raises(SetupError, match="name the same server") if refused else nullcontext():
        check_reach(found)
