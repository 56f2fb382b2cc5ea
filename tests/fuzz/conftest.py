"""Keeps tracers away from the fuzz targets, and tells what they did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A target that is traced does a third as much in its time."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.no_cover)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [each for name in ("passed", "failed") for each in terminalreporter.stats.get(name, ())]
    rows = [dict(report.user_properties) for report in reports if dict(report.user_properties).get("fuzzed")]
    if not rows:
        return
    terminalreporter.section("fuzzing")
    for row in sorted(rows, key=lambda row: row["fuzzed"]):
        each = row["executions"] / max(row["seconds"], 0.001)
        terminalreporter.write_line(
            f"{row['fuzzed']:<14} {row['executions']:>9,} executions, {each:>6,.0f} a second; "
            f"worst {row['worst_ms']:>6,.0f} ms CPU and {row['peak_mb']:>5.1f} MB; "
            f"{row['kept']} kept cases; {row['failures']} failures"
        )
