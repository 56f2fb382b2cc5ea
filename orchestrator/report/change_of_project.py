"""Changes of engines and MCP servers in sentences."""

from __future__ import annotations

from orchestrator.definition.changes import Change, Kind
from orchestrator.definition.model import JsonValue
from orchestrator.report.change_values import code, listed

_TEMPLATES = {"mcp": "MCP server", "engines": "engine"}


def template(change: Change, _: str) -> str:
    """An MCP server or an engine of the project file."""
    what, name = _TEMPLATES[change.key[0]], code(change.key[1])
    if change.kind is not Kind.ADDED or not isinstance(change.after, dict):
        return f"The {what} {name} is gone"
    values = change.after
    runs = values.get("url") or [values.get("command"), values.get("args")]
    words = [f"New {what} {name}: {code(_flat(runs))}"]
    words += [
        f"{title} {listed(values[key])}"
        for key, title in (("secrets", "secrets"), ("credentials", "credentials"), ("hosts", "hosts"))
        if values.get(key)
    ]
    return ", ".join(words)


def _flat(value: JsonValue) -> str:
    if isinstance(value, list):
        return " ".join(word for word in map(_flat, value) if word)
    return "" if value is None else str(value)
