"""Values of definitions in words. They stand in backticks, short and on one line, which nothing in them can end."""

from __future__ import annotations

import json
from collections.abc import Sequence

from orchestrator.definition.changes import Change, Kind
from orchestrator.definition.model import JsonValue
from orchestrator.report.plain_text import clip, one_line

_LONGEST_VALUE = 80
_MOST_ITEMS = 8
_MOST_NODES = 5


def code(value: JsonValue) -> str:
    """A name or a value in backticks, short and on one line."""
    return f"`{short(value)}`"


def short(value: JsonValue) -> str:
    match value:
        case str():
            text = one_line(value, _LONGEST_VALUE)
            more = " …" if text and not text.endswith("…") and len(value.strip().split("\n")) > 1 else ""
            return f"{text}{more}".replace("`", "'") or "(empty)"
        case bool() | None:
            return json.dumps(value)
        case int() | float():
            return f"{value:,g}" if abs(value) < 1_000_000 else f"{value:,}"
        case _:
            return clip(json.dumps(value, ensure_ascii=False).replace("`", "'"), _LONGEST_VALUE)


def listed(value: JsonValue) -> str:
    """A value; of a list its items, of a map its entries."""
    if isinstance(value, dict):
        items = [f"{name}: {short(item)}" for name, item in value.items() if item not in ({}, [])]
    elif isinstance(value, list):
        items = [short(item) for item in value]
    else:
        return code(value)
    more = [f"{len(items) - _MOST_ITEMS} more"] * (len(items) > _MOST_ITEMS)
    shown = [f"`{one_line(item, _LONGEST_VALUE).replace('`', chr(39))}`" for item in items[:_MOST_ITEMS]]
    return ", ".join([*shown, *more]) or "nothing"


def named(nodes: Sequence[str]) -> str:
    names = [code(name) for name in nodes]
    if len(names) > _MOST_NODES:
        names = [*names[: _MOST_NODES - 1], f"{len(names) - _MOST_NODES + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def is_long(change: Change) -> bool:
    """Whether a text changed that one line cannot show."""
    texts = (change.before, change.after)
    return all(isinstance(text, str) for text in texts) and any(
        len(str(text)) > _LONGEST_VALUE or "\n" in str(text).strip() for text in texts
    )


def by_path(change: Change, who: str) -> str:
    path = change.key[2:] if who else change.key
    return value_of(code(".".join(path)) + (f" of {who}" if who else ""), change)


def value_of(what: str, change: Change) -> str:
    match change.kind:
        case Kind.ADDED:
            return f"{what} is new: {listed(change.after)}"
        case Kind.REMOVED:
            return f"{what} is gone (before: {listed(change.before)})"
        case _ if isinstance(change.before, list) and isinstance(change.after, list):
            return f"{what}: {_exchanged(change.before, change.after)}"
        case _:
            return f"{what}: {code(change.before)} → {code(change.after)}"


def _exchanged(before: list[JsonValue], after: list[JsonValue]) -> str:
    gained = [each for each in after if each not in before]
    lost = [each for each in before if each not in after]
    if not gained and not lost:
        return f"now in the order {listed(after)}"
    words = [f"with {listed(gained)}"] * bool(gained) + [f"without {listed(lost)}"] * bool(lost)
    return f"now {', '.join(words)}"
