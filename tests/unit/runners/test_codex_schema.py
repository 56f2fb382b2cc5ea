"""Schemas as OpenAI's structured outputs want them."""

from __future__ import annotations

from typing import Any

from orchestrator.runners.answer import answer_problems
from orchestrator.runners.codex_schema import strict, without_nulls

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "verdict": {"type": "string", "enum": ["keep"]},
        "why": {"type": "string"},
        "maybe": {"type": ["string", "null"]},
        "files": {
            "type": "array",
            "items": {"type": "object", "properties": {"path": {"type": "string"}, "line": {"type": "integer"}}},
        },
    },
    "required": ["verdict", "files"],
}


def test_every_property_is_required_and_the_optional_may_be_null() -> None:
    made: Any = strict(SCHEMA)
    assert made["required"] == ["verdict", "why", "maybe", "files"]
    assert made["additionalProperties"] is False
    assert made["properties"]["verdict"] == SCHEMA["properties"]["verdict"]
    assert made["properties"]["why"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert made["properties"]["maybe"] == {"type": ["string", "null"]}
    inner = made["properties"]["files"]["items"]
    assert (inner["required"], inner["additionalProperties"]) == (["path", "line"], False)


def test_an_answer_loses_the_nulls_that_the_author_did_not_ask_for() -> None:
    answer = {"verdict": "keep", "why": None, "maybe": None, "files": [{"path": "a", "line": None}]}
    cleaned = without_nulls(answer, SCHEMA)
    assert cleaned == {"verdict": "keep", "maybe": None, "files": [{"path": "a"}]}
    assert answer_problems(cleaned, SCHEMA) == []


def test_what_is_no_object_stays_as_it_is() -> None:
    assert strict({"type": "string"}) == {"type": "string"}
    assert without_nulls("text", SCHEMA) == "text"
    assert without_nulls(None, True) is None
