"""GITHUB_OUTPUT and its relatives: the format, its errors, and files that are not what they seem."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.runners.outputs import BadOutput, parse_values, read_file, read_values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("a=1\nb=x=y\n\nc=\n", {"a": "1", "b": "x=y", "c": ""}),
        ("a<<EOF\none\n\ntwo=2\nEOF\nb=1", {"a": "one\n\ntwo=2", "b": "1"}),
        ("a=x<<y\n", {"a": "x<<y"}),
        ("a=1\r\nb<<E\r\nx\r\nE\r\n", {"a": "1", "b": "x"}),
        ("a=1\na=2\n", {"a": "2"}),
        ("a<<E\nE\n", {"a": ""}),
    ],
)
def test_values(text: str, values: dict[str, str]) -> None:
    assert parse_values(text, "GITHUB_OUTPUT") == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=1\nnonsense\n", r"\$GITHUB_OUTPUT, line 2: `nonsense` is neither"),
        ("a<<EOF\nx\n", "line 1: no line `EOF` ends the value"),
        ("a<<\n", "delimiter"),
        ("=1\n", "line 1: the name is missing"),
    ],
)
def test_malformed_text_names_its_line(text: str, message: str) -> None:
    with pytest.raises(BadOutput, match=message):
        parse_values(text, "GITHUB_OUTPUT")


def test_too_much_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("a=" + "x" * 1_100_000)
    with pytest.raises(BadOutput, match="1 MiB"):
        read_values(file, "GITHUB_OUTPUT")


def test_links_and_pipes_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("a=1")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "pipe")
    assert read_file(tmp_path / "link", limit=10) == ("", False)
    assert read_file(tmp_path / "pipe", limit=10) == ("", False)
    assert read_file(tmp_path / "real", limit=2) == ("a=", True)
