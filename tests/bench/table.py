"""Columns of text in a terminal."""

from __future__ import annotations

from collections.abc import Sequence


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column is text, the others are figures."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (header, ["─" * width for width in widths], *rows)
    ]
    return "\n".join((title, *(line.rstrip() for line in lines), ""))


def figure(value: float | None, digits: int = 2) -> str:
    """A dash stands for what could not be measured."""
    return "–" if value is None else f"{value:,.{digits}f}"
