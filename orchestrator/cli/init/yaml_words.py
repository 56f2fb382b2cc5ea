"""How values are written in a YAML file of Actions, so that nothing else is read than what was meant."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

Value = str | Sequence[Any] | Mapping[str, Any]

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_/-]*")
_EXPRESSION: Final = re.compile(r"\$\{\{[^{}:#'\"\n]*\}\}")
_WORDS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def scalar(value: str) -> str:
    """Anywhere, within brackets too."""
    return value if _PLAIN.fullmatch(value) and value.lower() not in _WORDS else json.dumps(value)


def whole(value: str) -> str:
    """On the line of its key: there an expression stands as it is."""
    return value if _EXPRESSION.fullmatch(value) else scalar(value)


def flow(value: Value) -> str:
    """On one line, within brackets."""
    match value:
        case str():
            return scalar(value)
        case Mapping():
            return "{" + ", ".join(f"{key}: {flow(each) if each else ''}".rstrip() for key, each in value.items()) + "}"
        case _:
            return f"[{', '.join(flow(each) for each in value)}]"


def block(key: str, value: Value, indent: int, comment: str = "") -> str:
    """Lines for a key. Lists, and mappings without others in them, stand on its line; what is empty is null."""
    margin, note = " " * indent, f" {comment}" if comment else ""
    match value:
        case str():
            return f"{margin}{key}: {whole(value)}{note}\n"
        case Mapping() if any(isinstance(each, Mapping) for each in value.values()):
            below = "".join(block(name, each, indent + 2) for name, each in value.items())
            return f"{margin}{key}:{note}\n{below}"
        case _:
            return f"{margin}{key}:{f' {flow(value)}' if value else ''}{note}\n"
