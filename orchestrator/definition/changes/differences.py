"""Two definitions compared key by key."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.definition.changes.by_key import ByKey
from orchestrator.definition.changes.model import Change, Key, Kind
from orchestrator.definition.changes.places import Places
from orchestrator.definition.changes.rules import OTHER, Rule
from orchestrator.definition.changes.values import Values
from orchestrator.definition.model import JsonValue


class Differences:
    """Finds the changes of one file, by the table of its keys."""

    def __init__(self, table: ByKey[Rule], places: Places | None = None) -> None:
        self._table = table
        self._places = places

    def between(self, before: Values, after: Values, within: Key = ()) -> Iterator[Change]:
        """What differs, in the order of `after`; what is gone comes last. Maps are compared entry by entry."""
        for name, value in after.items():
            key = (*within, name)
            if name not in before:
                yield self.change(key, Kind.ADDED, None, value)
            elif isinstance(value, dict) and isinstance(there := before[name], dict):
                yield from self.between(there, value, key)
            elif not same(before[name], value):
                yield self.change(key, Kind.CHANGED, before[name], value)
        for name, value in before.items():
            if name not in after:
                yield self.change((*within, name), Kind.REMOVED, value, None)

    def change(self, key: Key, kind: Kind, before: JsonValue, after: JsonValue) -> Change:
        rule = self._table.find(key) or OTHER
        return Change(
            key=key,
            kind=kind,
            before=before,
            after=after,
            subject=rule.subject,
            widens=rule.widens(kind, before, after),
            place=self._places.of(key) if self._places else None,
        )


def same(one: JsonValue, other: JsonValue) -> bool:
    """Equal as JSON, where `true` is not 1."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return isinstance(one, bool) == isinstance(other, bool) and one == other
