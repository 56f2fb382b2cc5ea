"""How much of a room each text gets that wants to be in it."""

from __future__ import annotations

from collections.abc import Sequence


def fair_share(room: int, sizes: Sequence[int]) -> int:
    """The most that each may have so that all of them fit: what short ones leave goes to the long ones."""
    left, share = max(0, room), max(0, room)
    for place, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - place)
        if size > share:
            break
        left -= size
    return share
