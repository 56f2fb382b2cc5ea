"""Reading what a program prints as JSON lines, whatever that is."""

from __future__ import annotations

import json
from typing import Any

MOST_COUNTED = 10**15


def event(text: str) -> dict[str, Any] | None:
    """The event on a line; None for a line that is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and "type" in value else None


def whole(value: object) -> int:
    """A count; 0 for what is none, or more than anything could be."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < MOST_COUNTED else 0


def amount(value: object) -> float | None:
    """A figure such as a cost; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MOST_COUNTED:
        return None
    return float(value)


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list; none where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def mapping(value: object) -> dict[str, Any]:
    """An object; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def single_line(value: object, *, limit: int = 500) -> str:
    """A text on one line, for a message."""
    return " ".join(str(value or "").split())[:limit]
