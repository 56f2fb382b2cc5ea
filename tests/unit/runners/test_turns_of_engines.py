"""Which program a test of agents is done with, where it is not done with each."""

from __future__ import annotations

import pytest

from tests.fakes.agent_clis import CLIS, takes_turn


def whose(test: str) -> list[str]:
    return [name for name in CLIS if takes_turn(test.format(name), name)]


@pytest.mark.parametrize("test", ["a/test_b.py::test_c[{}]", "a/test_b.py::test_c[{}-case]", "test_claude.py::d[x-{}]"])
def test_each_test_is_done_with_one_of_them(test: str) -> None:
    assert len(whose(test)) == 1


def test_about_as_many_are_done_with_each() -> None:
    turns = [name for number in range(200) for name in whose(f"test_a.py::test_{number}[{{}}]")]
    assert len(turns) == 200
    assert all(turns.count(name) > 80 for name in CLIS)
