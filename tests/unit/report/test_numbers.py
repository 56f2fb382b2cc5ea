from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.report.duration import clock_duration, human_duration
from orchestrator.report.numbers import human_cost, human_count, human_size, plural


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0s"),
        (0.04, "0s"),
        (0.06, "0.1s"),
        (1.2, "1.2s"),
        (9.94, "9.9s"),
        (9.96, "10s"),
        (59.4, "59s"),
        (59.6, "1m"),
        (72, "1m 12s"),
        (3_599.6, "1h"),
        (7_500, "2h 5m"),
        (86_400 * 3 + 4 * 3_600, "3d 4h"),
    ],
)
def test_durations_name_two_units(seconds: float, words: str) -> None:
    assert human_duration(seconds) == words


@pytest.mark.parametrize(("seconds", "words"), [(7.9, "0:07"), (72, "1:12"), (3_723, "1:02:03"), (-1, "0:00")])
def test_ticking_durations_keep_their_width(seconds: float, words: str) -> None:
    assert clock_duration(seconds) == words


@given(st.floats(min_value=0, max_value=1e9))
def test_durations_never_show_sixty(seconds: float) -> None:
    assert "60" not in human_duration(seconds).replace("d", " ").split(" ")[-1]


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0"), (999, "999"), (1_000, "1k"), (12_345, "12.3k"), (999_960, "1M"), (4_500_000, "4.5M")],
)
def test_counts(number: int, words: str) -> None:
    assert human_count(number) == words


@pytest.mark.parametrize(("size", "words"), [(0, "0 B"), (999, "999 B"), (1_234, "1.2 kB"), (5_000_000, "5 MB")])
def test_sizes(size: int, words: str) -> None:
    assert human_size(size) == words


@pytest.mark.parametrize(("usd", "words"), [(0, "$0.00"), (0.001, "<$0.01"), (0.42, "$0.42"), (1_234.5, "$1,234.50")])
def test_costs(usd: float, words: str) -> None:
    assert human_cost(usd) == words


def test_plurals() -> None:
    assert (plural(1, "file"), plural(2, "file"), plural(2, "entry", "entries")) == ("1 file", "2 files", "2 entries")
