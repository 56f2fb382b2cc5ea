"""Pointers into JSON: where the output of an engine says what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.definition.model import JsonValue

EVERY = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pointer:
    """A JSON Pointer (RFC 6901) as its parts, in which `*` is every member there is.

    `event` narrows it to lines of JSONL whose `type` is this, and `where` to those of them in which a key has this
    value; '' takes every line.
    """

    parts: tuple[str, ...]
    event: str = ""
    where: tuple[str, str] | None = None

    def found(self, document: JsonValue) -> Iterator[JsonValue]:
        """The values that stand there, in the order of the document; nulls are none."""
        if not self._takes(document):
            return
        values = [document]
        for part in self.parts:
            values = [below for value in values for below in _members(value, part)]
        yield from (value for value in values if value is not None)

    def _takes(self, document: JsonValue) -> bool:
        if not self.event:
            return True
        name, value = self.where or ("type", self.event)
        return isinstance(document, dict) and document.get("type") == self.event and document.get(name) == value


def _members(value: JsonValue, part: str) -> list[JsonValue]:
    match value:
        case dict():
            return list(value.values()) if part == EVERY else [value[part]] if part in value else []
        case list():
            if part == EVERY:
                return value
            return value[int(part) : int(part) + 1] if part.isascii() and part.isdigit() and len(part) < 10 else []
        case _:
            return []
