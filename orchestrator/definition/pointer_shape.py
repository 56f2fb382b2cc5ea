"""How pointers are written: `/path`, `type:/path` or `type[key=value]:/path`."""

from __future__ import annotations

import re

from orchestrator.definition.document import Yaml
from orchestrator.definition.pointers import Pointer
from orchestrator.definition.reader import Misfit, Reader, Shape
from orchestrator.definition.shapes import LITERAL

_WORD = "[A-Za-z0-9_.-]+"
_POINTER = re.compile(rf"(?:({_WORD})(?:\[({_WORD})=({_WORD})\])?:)?((?:/(?:[^/~]|~0|~1)*)+)")


def _read(value: Yaml, reader: Reader) -> Pointer:
    text = LITERAL.read(value, reader)
    found = _POINTER.fullmatch(text)
    if found is None:
        hint = "such as `/stats/*/tokens`, or `step:/cost` and `message[role=assistant]:/text` for lines of that type"
        raise Misfit(value, f"`{text[:100]}` is no pointer into JSON", hint)
    event, name, only, path = found.groups()
    parts = (part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/"))
    return Pointer(parts=tuple(parts), event=event or "", where=(name, only) if name else None)


POINTER = Shape(read=_read, schema={"type": "string", "pattern": f"^{_POINTER.pattern}$"})
