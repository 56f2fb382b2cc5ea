from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.report.shares import fair_share


@pytest.mark.parametrize(
    ("room", "sizes", "share"),
    [
        (100, [], 100),
        (100, [40, 200, 200], 33),
        (100, [10, 200, 200], 45),
        (100, [10, 20, 30], 70),
        (-5, [10], 0),
    ],
)
def test_what_short_texts_leave_goes_to_long_ones(room: int, sizes: list[int], share: int) -> None:
    assert fair_share(room, sizes) == share


@given(st.integers(0, 1_000), st.lists(st.integers(0, 300), max_size=20))
def test_all_fit_and_none_could_have_more(room: int, sizes: list[int]) -> None:
    share = fair_share(room, sizes)
    assert sum(min(size, share) for size in sizes) <= room
    longer = sum(size > share for size in sizes)
    assert not longer or sum(min(size, share + 1) for size in sizes) > room
