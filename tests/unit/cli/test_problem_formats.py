"""Each format carries place and hint, and escapes what would end the field it stands in."""

from __future__ import annotations

import json

import pytest

from orchestrator.cli.problem_formats import as_github, as_json, as_sarif
from orchestrator.errors import Place, Problem

PLACED = Problem(
    message="unknown key `promt`", place=Place(file="workflows/a.yaml", line=3, column=5), node="fix", hint="prompt?"
)
BARE = Problem(message="nothing here")


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (PLACED, "::error file=workflows/a.yaml,line=3,col=5::node `fix`: unknown key `promt` (prompt?)"),
        (BARE, "::error::nothing here"),
        (Problem(message="a\n::set-env x%"), "::error::a%0A::set-env x%25"),
        (Problem(message="m", place=Place(file="a,b:c.yaml")), "::error file=a%2Cb%3Ac.yaml,line=1,col=1::m"),
    ],
)
def test_github(problem: Problem, expected: str) -> None:
    assert as_github([problem]) == expected


def test_json() -> None:
    assert json.loads(as_json([PLACED], ["workflows/a.yaml"])) == {
        "valid": False,
        "files": ["workflows/a.yaml"],
        "problems": [
            {
                "file": "workflows/a.yaml",
                "line": 3,
                "column": 5,
                "node": "fix",
                "message": "unknown key `promt`",
                "hint": "prompt?",
            }
        ],
    }
    assert json.loads(as_json([], []))["valid"] is True


def test_sarif() -> None:
    (run,) = json.loads(as_sarif([PLACED, BARE]))["runs"]
    placed, bare = run["results"]
    assert {result["ruleId"] for result in run["results"]} == {run["tool"]["driver"]["rules"][0]["id"]}
    assert placed["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "workflows/a.yaml"},
        "region": {"startLine": 3, "startColumn": 5},
    }
    assert "locations" not in bare
