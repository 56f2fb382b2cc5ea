"""Files that only moved: which path before is which path after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

_MOST_PAIRS = 2_500
_ALIKE = 0.5
"""As git has it: half of the lines (https://git-scm.com/docs/git-diff#Documentation/git-diff.txt--Mltngt)."""


def moved_files(before: Mapping[str, str | bytes], after: Mapping[str, str | bytes]) -> dict[str, str]:
    """New paths by old ones, of files that are gone and have most of their lines in a new one; likest first."""
    gone = {path: _lines(text) for path, text in before.items() if path not in after}
    new = {path: _lines(text) for path, text in after.items() if path not in before}
    if len(gone) * len(new) > _MOST_PAIRS:
        return {}
    pairs = [(_likeness(here, there), old, path) for old, here in gone.items() for path, there in new.items()]
    found: dict[str, str] = {}
    for likeness, old, path in sorted(pairs, key=lambda pair: (-pair[0], pair[1:])):
        if likeness >= _ALIKE and old not in found and path not in found.values():
            found[old] = path
    return found


def _lines(text: str | bytes) -> Counter[bytes]:
    data = text.encode() if isinstance(text, str) else text
    return Counter(line.strip() for line in data.splitlines() if line.strip())


def _likeness(one: Counter[bytes], other: Counter[bytes]) -> float:
    longer = max(one.total(), other.total())
    return (one & other).total() / longer if longer else 0.0
