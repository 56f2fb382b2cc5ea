"""Outcomes as JSON text and back.

What an agent answered is in there, so nothing in it may make a row that cannot be written or read again: strings
are cleaned, and values nested deeper than `MAX_DEPTH` become their JSON text.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import TypeAdapter

from orchestrator.definition.model import JsonValue
from orchestrator.execution.outcome import Outcome
from orchestrator.store.plain_text import storable

MAX_DEPTH = 64
_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


def dump_outcome(outcome: Outcome) -> str:
    """JSON of an outcome."""
    return storable(json.dumps(_plain(outcome), ensure_ascii=False, separators=(",", ":")))


def load_outcome(text: str) -> Outcome:
    """The outcome that `dump_outcome` wrote."""
    return _OUTCOME.validate_json(text)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        plain = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return plain | {"outputs": _shallow(value.outputs, MAX_DEPTH)} if isinstance(value, Outcome) else plain
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _shallow(value: JsonValue, depth: int) -> JsonValue:
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        return _as_text(value)
    if isinstance(value, dict):
        return {str(key): _shallow(item, depth - 1) for key, item in value.items()}
    return [_shallow(item, depth - 1) for item in value]


def _as_text(value: JsonValue) -> str:
    try:
        return json.dumps(value)
    except RecursionError:
        return "(nested too deeply)"
