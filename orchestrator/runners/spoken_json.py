"""Answers that a model gives in words: JSON, alone or in a fence."""

from __future__ import annotations

import json
import re

from orchestrator.definition.model import JsonValue

_FENCED = re.compile(r"^```[a-zA-Z]*[ \t]*\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)


def spoken_json(text: str) -> JsonValue:
    """The object that `text` is, or else the last fenced block of it; None where there is none."""
    for candidate in (text, *reversed([match[1] for match in _FENCED.finditer(text)])):
        try:
            value: JsonValue = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    return None
