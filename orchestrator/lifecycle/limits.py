"""What an outcome may hold, so that everything after it can store it, send it and read it again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from orchestrator.definition.model import JsonValue
from orchestrator.execution.state import FailureClass, Outcome

MAX_OUTPUTS_BYTES: Final = 1_000_000
MAX_OUTPUTS_DEPTH: Final = 100
"""Levels of lists and maps: whoever reads outputs later, to mask, show or send them, recurses."""


def within_limits(outcome: Outcome) -> Outcome:
    """`outcome`, or a failure with class `bad_output` in its place, whose message says which limit it broke."""
    problem = _too_deep(outcome.outputs) or _too_large(outcome.outputs)
    return replace(outcome, outputs={}, failure=FailureClass.BAD_OUTPUT, message=problem) if problem else outcome


def _too_deep(outputs: Mapping[str, JsonValue]) -> str:
    level: list[JsonValue] = list(outputs.values())
    for _ in range(MAX_OUTPUTS_DEPTH):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return ""
    return f"the outputs are nested deeper than {MAX_OUTPUTS_DEPTH} levels"


def _inside(value: JsonValue) -> Iterable[JsonValue]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def _too_large(outputs: Mapping[str, JsonValue]) -> str:
    size = len(json.dumps(outputs))
    if size <= MAX_OUTPUTS_BYTES:
        return ""
    largest = max(outputs, key=lambda name: len(json.dumps(outputs[name])))
    return (
        f"the outputs are {size:,} bytes, and {MAX_OUTPUTS_BYTES:,} are allowed; the largest is `{largest}` "
        "(keep large results as `artifacts`)"
    )
