"""The lines of a diff that a review can speak of, from the patches that GitHub shows for each file.

https://docs.github.com/en/rest/pulls/comments#create-a-review-comment-for-a-pull-request
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

LEFT: Final = "LEFT"
RIGHT: Final = "RIGHT"

_HUNK: Final = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True, kw_only=True, slots=True)
class DiffLines:
    """By path, the hunk that each line stands in: those of the old version LEFT, those of the new one RIGHT."""

    hunks: Mapping[str, Mapping[tuple[str, int], int]] = field(default_factory=dict)

    def has(self, path: str, side: str, first: int, last: int) -> bool:
        """Whether the lines from `first` to `last` are part of the diff, in one hunk of it."""
        lines = self.hunks.get(path, {})
        hunk = lines.get((side, last))
        return hunk is not None and first <= last and lines.get((side, first)) == hunk


def diff_lines(patches: Mapping[str, str]) -> DiffLines:
    """What the patches show; a file without one (binary, or too large) has no lines."""
    return DiffLines(hunks={path: _lines(patch) for path, patch in patches.items()})


def _lines(patch: str) -> dict[tuple[str, int], int]:
    found: dict[tuple[str, int], int] = {}
    hunk = old = new = 0
    for line in patch.split("\n"):
        if head := _HUNK.match(line):
            hunk, old, new = hunk + 1, int(head[1]), int(head[2])
        elif not hunk or line.startswith("\\"):
            continue
        elif line.startswith("-"):
            found[LEFT, old] = hunk
            old += 1
        elif line.startswith("+"):
            found[RIGHT, new] = hunk
            new += 1
        elif line.startswith(" "):
            found[LEFT, old] = found[RIGHT, new] = hunk
            old, new = old + 1, new + 1
    return found
