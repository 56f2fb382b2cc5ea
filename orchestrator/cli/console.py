"""Writing to a terminal: colour where a person looks and wants it, plain text everywhere else."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

import click

from orchestrator.errors import Problem
from orchestrator.report.plain_text import HIDDEN, reveal

# Control characters in names and messages could rewrite what stands on the screen.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


def printable(text: str) -> str:
    """`text` with control characters spelled out, and those that cannot be seen; line ends and tabs stay."""
    return text if text.isascii() and text.isprintable() else reveal(text.translate(_CONTROL))


def printable_json(value: object, *, indent: int | None = 2) -> str:
    """JSON with the same characters as escapes, which a terminal does not act on and a parser reads as they were.

    So is `##[`, with which a job of GitHub Actions is commanded.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False).replace("##[", "#\\u0023[")
    return HIDDEN.sub(lambda match: json.dumps(match[0])[1:-1], text)


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """https://no-color.org: colour on a terminal only, and never against NO_COLOR."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


@dataclass(frozen=True, kw_only=True, slots=True)
class Console:
    """One output stream, and whether it shows colour."""

    stream: TextIO
    colour: bool = False

    @classmethod
    def stdout(cls) -> Console:
        return cls(stream=sys.stdout, colour=wants_colour(sys.stdout, os.environ))

    @classmethod
    def stderr(cls) -> Console:
        return cls(stream=sys.stderr, colour=wants_colour(sys.stderr, os.environ))

    def line(self, text: str = "") -> None:
        click.echo(text, file=self.stream, color=self.colour)

    def styled(self, text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
        text = printable(text)
        return click.style(text, fg=fg, bold=bold or None, dim=dim or None) if self.colour else text

    def error(self, message: str, *, hint: str | None = None) -> None:
        self.line(f"{self.styled('error:', fg='red', bold=True)} {printable(message)}")
        if hint:
            self.line(f"  {printable(hint)}")

    def problem(self, problem: Problem) -> None:
        """`file:line:column: message`, which editors and terminals make a link of, and the hint below it."""
        place = f"{self.styled(str(problem.place), bold=True)}: " if problem.place else ""
        node = f"node {self.styled(f'`{problem.node}`', fg='cyan')}: " if problem.node else ""
        self.line(f"{place}{node}{printable(problem.message)}")
        if problem.hint:
            self.line(f"  {self.styled(problem.hint, dim=True)}")

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Left-aligned columns as wide as their widest cell; the last one is not padded."""
        cells = [[printable(cell).replace("\n", " ") for cell in row] for row in rows]
        widths = [max(len(row[i]) for row in [head, *cells]) for i in range(len(head))]
        self.line(self.styled(_row(head, widths), bold=True))
        for row in cells:
            self.line(_row(row, widths))


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
