"""Pointers into JSON: where the output of an engine says what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.definition.document import Yaml
from orchestrator.definition.model import JsonValue
from orchestrator.definition.reader import Misfit, Reader, Shape
from orchestrator.definition.shapes import LITERAL

EVERY = "*"
_POINTER = re.compile(r"(?:([A-Za-z0-9_.-]+):)?((?:/(?:[^/~]|~0|~1)*)+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pointer:
    """A JSON Pointer (RFC 6901) as its parts, in which `*` is every member there is.

    `event` narrows it to lines of JSONL whose `type` is this; '' takes every line.
    """

    parts: tuple[str, ...]
    event: str = ""

    def found(self, document: JsonValue) -> Iterator[JsonValue]:
        """The values that stand there, in the order of the document; nulls are none."""
        if self.event and not (isinstance(document, dict) and document.get("type") == self.event):
            return
        values = [document]
        for part in self.parts:
            values = [below for value in values for below in _members(value, part)]
        yield from (value for value in values if value is not None)


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


def _read(value: Yaml, reader: Reader) -> Pointer:
    text = LITERAL.read(value, reader)
    found = _POINTER.fullmatch(text)
    if found is None:
        hint = "such as `/stats/*/tokens`, or `step_finish:/part/cost` for lines of that type"
        raise Misfit(value, f"`{text[:100]}` is no pointer into JSON", hint)
    parts = (part.replace("~1", "/").replace("~0", "~") for part in found[2][1:].split("/"))
    return Pointer(parts=tuple(parts), event=found[1] or "")


POINTER = Shape(read=_read, schema={"type": "string", "pattern": f"^{_POINTER.pattern}$"})
