"""Colour only where a person looks, and nothing that rewrites the screen."""

from __future__ import annotations

import io
import json

import pytest

from orchestrator.cli.console import Console, printable, printable_json, wants_colour


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colour(stream: io.StringIO, environ: dict[str, str], expected: bool) -> None:
    assert wants_colour(stream, environ) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\rb", "a\\x0db"),
        ("a\n\tb", "a\n\tb"),
        ("ä\x9b", "ä\\x9b"),
        ("a\u202eb", "a⟨U+202E⟩b"),
    ],
)
def test_control_characters_are_spelled_out(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_json_is_harmless_to_look_at_and_says_the_same() -> None:
    value = {"a\x9b2J": ["\x1b]0;x\x07", "\u202eä\n"]}
    text = printable_json(value)
    assert json.loads(text) == value
    assert "ä" in text
    assert not set(text) & {"\x9b", "\x1b", "\u202e"}


def test_a_table_is_aligned_and_keeps_one_line_a_row() -> None:
    stream = io.StringIO()
    Console(stream=stream).table(("NAME", "TEXT"), [("longer name", "one\ntwo"), ("x", "")])
    assert stream.getvalue() == "NAME         TEXT\nlonger name  one two\nx\n"


def test_styles_vanish_without_colour() -> None:
    plain, colour = Console(stream=io.StringIO()), Console(stream=io.StringIO(), colour=True)
    assert plain.styled("x", fg="red", bold=True) == "x"
    assert colour.styled("x", fg="red") == "\x1b[31mx\x1b[0m"
