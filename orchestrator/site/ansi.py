"""Colours of terminal output as CSS classes; every other escape sequence is dropped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.report.plain_text import ANSI, reveal

MAX_LINE = 4_000
_SGR = re.compile(r"\x1b\[([0-9;]*)m")
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A stretch of text in one style; `style` holds CSS classes, or nothing."""

    style: str
    text: str


def segments(line: str) -> tuple[Segment, ...]:
    """One log line in styled pieces, at most `MAX_LINE` characters long, with a word about the rest."""
    shown = _last_rewrite(line)
    if shown.isprintable() and len(shown) <= MAX_LINE:
        return (Segment(style="", text=shown),)
    pieces = _styled(shown)
    return _cut(pieces)


def _last_rewrite(line: str) -> str:
    """What a terminal would show in the end of a line that rewrote itself, as progress bars do."""
    return next((part for part in reversed(line.split("\r")) if part.strip()), line) if "\r" in line else line


def _styled(line: str) -> list[Segment]:
    pieces: list[Segment] = []
    bold, colour, at = False, "", 0
    for match in _SGR.finditer(line):
        _add(pieces, line[at : match.start()], bold, colour)
        bold, colour = _applied(match[1], bold, colour)
        at = match.end()
    _add(pieces, line[at:], bold, colour)
    return pieces


def _add(pieces: list[Segment], text: str, bold: bool, colour: str) -> None:
    shown = reveal(ANSI.sub("", text))
    if shown:
        style = " ".join([*(["a-bold"] if bold else []), *([f"a-{colour}"] if colour else [])])
        pieces.append(Segment(style=style, text=shown))


def _applied(codes: str, bold: bool, colour: str) -> tuple[bool, str]:
    numbers = [int(code) if code else 0 for code in codes.split(";")][:16]
    if 38 in numbers or 48 in numbers:
        return bold, ""
    for number in numbers:
        if number == 0:
            bold, colour = False, ""
        elif number in (1, 22):
            bold = number == 1
        elif 30 <= number <= 37 or 90 <= number <= 97:
            colour = _COLOURS[number % 10]
        elif number == 39:
            colour = ""
    return bold, colour


def _cut(pieces: Sequence[Segment]) -> tuple[Segment, ...]:
    kept, room = list[Segment](), MAX_LINE
    total = sum(len(piece.text) for piece in pieces)
    for piece in pieces:
        kept.append(Segment(style=piece.style, text=piece.text[:room]))
        room -= len(piece.text)
        if room <= 0:
            break
    if total > MAX_LINE:
        kept.append(Segment(style="cut", text=f" … {total - MAX_LINE:,} more characters"))
    return tuple(kept)
