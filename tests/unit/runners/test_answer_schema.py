"""Answers are checked by the keywords that answers use."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.runners.answer import answer_problems

SCHEMA: Any = {
    "type": "object",
    "required": ["verdict"],
    "additionalProperties": False,
    "properties": {
        "verdict": {"type": "string", "enum": ["approve", "changes"]},
        "score": {"type": "integer", "minimum": 0, "maximum": 10},
        "files": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 2},
    },
}


@pytest.mark.parametrize("value", [{"verdict": "approve"}, {"verdict": "changes", "score": 3.0, "files": ["a"]}])
def test_fits(value: Any) -> None:
    assert answer_problems(value, SCHEMA) == []


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([], "it is not of type object"),
        ({}, "it lacks `verdict`"),
        ({"verdict": "maybe"}, "`verdict` is not one of approve, changes"),
        ({"verdict": "approve", "score": True}, "`score` is not of type integer"),
        ({"verdict": "approve", "score": 11}, "`score` is above maximum 10"),
        ({"verdict": "approve", "files": ["a", ""]}, "`files[1]` is below minLength 1"),
        ({"verdict": "approve", "files": ["a", "b", "c"]}, "`files` is above maxItems 2"),
        ({"verdict": "approve", "more": 1}, "it has an unexpected `more`"),
    ],
)
def test_does_not_fit(value: Any, problem: str) -> None:
    assert answer_problems(value, SCHEMA) == [problem]
