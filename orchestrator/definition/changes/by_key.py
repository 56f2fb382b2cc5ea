"""A table that is looked up by where a value stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

from orchestrator.definition.changes.model import Key

T = TypeVar("T")


class ByKey(Generic[T]):
    """Entries by patterns such as `nodes/*/budget`, in which `*` is any name.

    A pattern stands for all that is below it too; the longest one decides, and of those the one with fewest `*`.
    """

    def __init__(self, entries: Mapping[str, T]) -> None:
        split = [(tuple(pattern.split("/")), entry) for pattern, entry in entries.items()]
        self._entries = sorted(split, key=lambda each: (-len(each[0]), each[0].count("*")))

    def find(self, key: Key) -> T | None:
        return next((entry for pattern, entry in self._entries if _begins(key, pattern)), None)


def _begins(key: Key, pattern: Key) -> bool:
    return len(key) >= len(pattern) and all(word in ("*", name) for word, name in zip(pattern, key, strict=False))
