"""Answers are checked against their schema."""

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
        ([], '[] is not of type "object"'),
        ({}, '"verdict" is a required property'),
        ({"verdict": "maybe"}, '`verdict`: "maybe" is not one of "approve" or "changes"'),
        ({"verdict": "approve", "score": True}, '`score`: true is not of type "integer"'),
        ({"verdict": "approve", "score": 11}, "`score`: 11 is greater than the maximum of 10"),
        ({"verdict": "approve", "files": ["a", ""]}, '`files[1]`: "" is shorter than 1 character'),
        ({"verdict": "approve", "files": ["a", "b", "c"]}, '`files`: ["a","b","c"] has more than 2 items'),
        ({"verdict": "approve", "more": 1}, "Additional properties are not allowed ('more' was unexpected)"),
    ],
)
def test_does_not_fit(value: Any, problem: str) -> None:
    assert answer_problems(value, SCHEMA) == [problem]


@pytest.mark.parametrize(
    ("schema", "value", "fits"),
    [
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 1, False),
        ({"$defs": {"n": {"type": "integer"}}, "items": {"$ref": "#/$defs/n"}}, ["a"], False),
        ({"patternProperties": {"^x": {"type": "integer"}}}, {"x1": 1}, True),
        ({"const": True}, 1, False),
        ({"multipleOf": 5}, 7, False),
        ({"uniqueItems": True}, [1, 1], False),
    ],
)
def test_every_keyword_counts(schema: Any, value: Any, fits: bool) -> None:
    assert (answer_problems(value, schema) == []) is fits


def test_no_pattern_runs_for_ever() -> None:
    (problem,) = answer_problems("a" * 5000 + "!", {"pattern": "^(a+)+$"})
    assert problem.endswith("…")


def test_a_schema_that_is_none_or_lies_elsewhere_is_told() -> None:
    (wrong,) = answer_problems({}, {"pattern": "(?=x)"})
    (elsewhere,) = answer_problems({}, {"$ref": "http://127.0.0.1:9/schema"})
    assert wrong.startswith("its schema cannot be used: ")
    assert "http://127.0.0.1:9/schema is not part of the schema" in elsewhere


def test_problems_are_few_and_short() -> None:
    many = answer_problems(
        {str(number): "x" * 1000 for number in range(100)}, {"additionalProperties": {"type": "null"}}
    )
    assert len(many) == 20
    assert max(map(len, many)) < 400
