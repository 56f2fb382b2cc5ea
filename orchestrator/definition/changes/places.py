"""Where the values of a definition stand in the text it was read from."""

from __future__ import annotations

from functools import cached_property

from orchestrator.definition.changes.model import Key
from orchestrator.definition.compose import compose
from orchestrator.definition.document import Mapping, Scalar, Sequence, Yaml
from orchestrator.errors import InvalidDefinition, Place

_OF_DEFAULTS = "defaults"


class Places:
    """The places in one file; its text is read when the first is asked for."""

    def __init__(self, text: str | bytes, file: str) -> None:
        self._text = text
        self._file = file

    def of(self, key: Key) -> Place:
        """Where the key stands, or as much of it as the file has; a node's value may stand under `defaults`."""
        at, left = self._reached(key)
        if key[0] == "nodes" and len(left) == len(key) - 2 and left:
            by_default, beyond = self._reached((_OF_DEFAULTS, *left))
            if len(beyond) < len(left) and by_default is not None:
                at = by_default
        return Place(file=self._file, line=at.line, column=at.column) if at else Place(file=self._file)

    @cached_property
    def _root(self) -> Yaml | None:
        try:
            return compose(self._text, self._file)[0]
        except InvalidDefinition:
            return None

    def _reached(self, key: Key) -> tuple[Scalar | None, Key]:
        """The key that stands deepest, and what is left of the way to it."""
        value, at, left = self._root, None, key
        while left and value is not None:
            found, value = _member(value, left[0])
            if found is None:
                break
            at, left = found, left[1:]
        return at, left


def _member(value: Yaml, name: str) -> tuple[Scalar | None, Yaml | None]:
    match value:
        case Mapping(entries=entries) if name in entries:
            return entries[name].key, entries[name].value
        case Sequence(items=items):
            return next((item for item in items if isinstance(item, Scalar) and item.value == name), None), None
        case Scalar(value=text) if text == name:
            return value, None
        case _:
            return None, None
