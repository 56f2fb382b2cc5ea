"""The lines of a diff that a review can speak about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True, kw_only=True, slots=True)
class DiffLine:
    """`hunk` numbers the hunks, `position` the lines below the first hunk's header; `before` ends with the line."""

    hunk: int
    position: int
    text: str
    before: str


def lines_of(patch: str) -> Mapping[tuple[str, int], DiffLine]:
    """By side (`LEFT` the old version, `RIGHT` the new one) and number; unchanged lines have both."""
    found: dict[tuple[str, int], DiffLine] = {}
    old = new = 0
    hunk, start = 0, 0
    lines = patch.split("\n")
    for position, line in enumerate(lines):
        if match := _HUNK.match(line):
            old, new, hunk, start = int(match[1]), int(match[2]), hunk + 1, position
            continue
        if line.startswith("\\"):
            continue
        entry = DiffLine(hunk=hunk, position=position, text=line[1:], before="\n".join(lines[start : position + 1]))
        if not line.startswith("+"):
            found["LEFT", old] = entry
            old += 1
        if not line.startswith("-"):
            found["RIGHT", new] = entry
            new += 1
    return found
