"""Bytes become lines whatever the chunks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.runners.lines import LineSplitter


@given(st.lists(st.binary(max_size=20)))
def test_chunks_do_not_matter(chunks: list[bytes]) -> None:
    whole, parts = LineSplitter(), LineSplitter()
    expected = [*whole.feed(b"".join(chunks)), *whole.finish()]
    assert [line for chunk in chunks for line in parts.feed(chunk)] + list(parts.finish()) == expected


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"a\n\nb", ["a", "", "b"]),
        (b"10%\r50%\r100%\ndone\r\n", ["100%", "done"]),
        (b"\xff\n", ["\ufffd"]),
        ("ü\n".encode(), ["ü"]),
    ],
)
def test_lines(data: bytes, lines: list[str]) -> None:
    splitter = LineSplitter()
    assert [*splitter.feed(data), *splitter.finish()] == lines


def test_a_long_line_is_cut_and_says_so() -> None:
    splitter = LineSplitter(limit=4)
    assert list(splitter.feed(b"abcdefg\nok\n")) == ["abcd … [3 bytes more, cut]", "ok"]
