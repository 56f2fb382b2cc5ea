"""A soak that ends after a few kills; `make chaos` is the long one, and for PostgreSQL the only one."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.soak import Options, Soak


def test_a_few_kills_leave_no_trace(tmp_path: Path) -> None:
    said: list[str] = []
    result = Soak(Options(database="sqlite", seed=7, folder=tmp_path / "soak", kills=3), said.append).run()
    assert result.violations == []
    assert result.kills.total() >= 3
    assert result.executions > 0
