"""Keys of node runs as names of files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.execution.file_name import file_name, transcript_name


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("code-review_2", "code-review_2"),
        ("test (3.11, ubuntu-24.04)", "test (3.11, ubuntu-24.04)"),
        ("test (a/b)", "test (a%2Fb)"),
        ("test (../../x)", "test (..%2F..%2Fx)"),
        ("test (100%)", "test (100%25)"),
        ("test (grün)", "test (gr%C3%BCn)"),
        ("test (a\nb\0)", "test (a%0Ab%00)"),
        ("test (`x`)", "test (%60x%60)"),
        (".hidden", "%2Ehidden"),
    ],
)
def test_odd_characters_are_encoded(key: str, name: str) -> None:
    assert file_name(key) == name


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_name_is_safe_and_no_two_keys_share_it(one: str, other: str) -> None:
    names = file_name(one), file_name(other)
    assert (names[0] == names[1]) == (one == other)
    for name in names:
        assert name.isascii()
        assert len(f"{name}.10.jsonl") <= 255
        assert "/" not in name
        assert "\0" not in name
        assert not name.startswith(".")


def test_a_long_key_keeps_its_beginning() -> None:
    long = "test (" + "x" * 500 + ")"
    assert file_name(long).startswith("test (xxxx")
    assert file_name(long) != file_name(long + "y")


def test_each_call_of_an_agent_has_a_transcript_of_its_own() -> None:
    names = [transcript_name("merge (a/b)", call) for call in (1, 2, 3)]
    assert names == ["merge (a%2Fb)", "merge (a%2Fb).2", "merge (a%2Fb).3"]
    assert len({transcript_name("m" * 400, call) for call in (1, 2, 3)}) == 3
