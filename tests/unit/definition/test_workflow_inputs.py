"""Given inputs become typed values, or every problem is named at once."""

from __future__ import annotations

import pytest

from orchestrator.definition.inputs import InvalidInputs, check_inputs
from orchestrator.definition.model import JsonValue, Workflow
from orchestrator.definition.parse import load_workflow
from orchestrator.errors import ExitCode

WORKFLOW: Workflow = load_workflow(
    """
inputs:
  text: {}
  count: {type: number, default: 3}
  deep: {type: boolean}
  depth: {type: choice, options: [quick, full], default: quick}
  who: {required: true, description: Whom to greet}
nodes: {x: {run: x}}
""",
    "w.yaml",
)
DEFAULTS: dict[str, JsonValue] = {"text": "", "count": 3, "deep": False, "depth": "quick", "who": "me"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"count": "7"}, {"count": 7}),
        ({"count": " 1.5 "}, {"count": 1.5}),
        ({"count": 2}, {"count": 2}),
        ({"deep": "True"}, {"deep": True}),
        ({"deep": True}, {"deep": True}),
        ({"depth": "full"}, {"depth": "full"}),
        ({"text": 5}, {"text": "5"}),
        ({"text": "${{ github.token }}"}, {"text": "${{ github.token }}"}),
        ({"text": None}, {}),
    ],
)
def test_values(given: dict[str, JsonValue], expected: dict[str, JsonValue]) -> None:
    assert check_inputs(WORKFLOW, {"who": "me", **given}) == {**DEFAULTS, **expected}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"count": "many"}, "input `count`: expected a number, found `many`"),
        ({"count": ""}, "expected a number"),
        ({"count": True}, "expected a number"),
        ({"count": "Infinity"}, "expected a number"),
        ({"deep": "yes"}, "input `deep`: expected true or false, found `yes`"),
        ({"deep": 1}, "expected true or false"),
        ({"depth": "ful"}, "`ful` is not one of `quick`, `full` (did you mean `full`?)"),
        ({"text": ["a"]}, "expected a text, found a list"),
        ({"dept": "full"}, "the workflow has no input `dept` (did you mean `depth`?)"),
        ({"zzz": "1"}, "the workflow has no input `zzz` (it has `text`, `count`"),
        ({"who": None}, "input `who`: a value is required (Whom to greet)"),
    ],
)
def test_problems(given: dict[str, JsonValue], message: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        check_inputs(WORKFLOW, {"who": "me", **given})
    assert len(caught.value.problems) == 1
    assert message in str(caught.value)


def test_all_problems_at_once() -> None:
    with pytest.raises(InvalidInputs) as caught:
        check_inputs(WORKFLOW, {"count": "x", "deep": "x", "nope": "x"})
    assert len(caught.value.problems) == 4
    assert caught.value.exit_code is ExitCode.BAD_INPUT
