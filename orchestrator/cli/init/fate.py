"""What becomes of the files that `mycelium init` writes, or would write were they not somebody's own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of a file."""

    NEW = "new"
    CHANGED = "changed"
    RIGHT = "right"
    KEPT = "kept"


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One file. `before` is what is there, None for nothing; `why` says more, for people. `lacks` is what somebody has
    to put in by hand. `shared`: it is for other things too, and nobody writes it anew.
    """

    path: str
    text: str
    before: str | None
    fate: Fate
    why: str = ""
    lacks: tuple[str, ...] = ()
    shared: bool = False

    @property
    def written(self) -> bool:
        return self.fate in (Fate.NEW, Fate.CHANGED)

    @property
    def settled(self) -> str:
        """What is in the file in the end."""
        return self.text if self.written else self.before or ""
