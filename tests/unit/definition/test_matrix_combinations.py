"""GitHub's rules of include and exclude, with the examples of its documentation."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.definition.matrix import combinations, is_static, known_keys, run_key, run_keys
from orchestrator.definition.model import JsonValue, Matrix
from orchestrator.errors import BadInput


def evaluate(text: str) -> JsonValue:
    values: dict[str, JsonValue] = {
        "${{ list }}": ["a", "b"],
        "${{ text }}": "t",
        "${{ whole }}": {"v": [1, 2], "exclude": [{"v": 1}], "include": [{"v": 3}]},
    }
    return values[text]


def test_include_as_documented() -> None:
    matrix = Matrix(
        axes={"fruit": ["apple", "pear"], "animal": ["cat", "dog"]},
        include=[
            {"color": "green"},
            {"color": "pink", "animal": "cat"},
            {"fruit": "apple", "shape": "circle"},
            {"fruit": "banana"},
            {"fruit": "banana", "animal": "cat"},
        ],
    )
    assert combinations(matrix, evaluate) == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (Matrix(axes={"a": [1, 2]}), [{"a": 1}, {"a": 2}]),
        (Matrix(axes={"a": [1, 2], "b": ["x"]}, exclude=[{"a": 1}]), [{"a": 2, "b": "x"}]),
        (Matrix(axes={"a": [1, True, "1"]}, exclude=[{"a": 1}]), [{"a": True}, {"a": "1"}]),
        (Matrix(axes={"a": [{"k": 1}, {"k": 2}]}, exclude=[{"a": {"k": 1}}]), [{"a": {"k": 2}}]),
        (Matrix(include=[{"a": 1}, {"b": 2}]), [{"a": 1}, {"b": 2}]),
        (Matrix(axes={"a": [1]}, exclude=[{"a": 1}], include=[{"a": 1, "b": 2}]), [{"a": 1, "b": 2}]),
        (Matrix(axes={"a": "${{ list }}"}), [{"a": "a"}, {"a": "b"}]),
        (Matrix(axes={"a": [["${{ text }}"], "x"]}), [{"a": ["t"]}, {"a": "x"}]),
        (Matrix(expression="${{ whole }}"), [{"v": 2}, {"v": 3}]),
    ],
)
def test_combinations(matrix: Matrix, expected: list[dict[str, Any]]) -> None:
    assert combinations(matrix, evaluate) == expected


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (Matrix(axes={"a": []}), "no value"),
        (Matrix(axes={"a": [1]}, exclude=[{"a": 1}]), "no combination"),
        (Matrix(), "no combination"),
        (Matrix(axes={"a": "${{ text }}"}), "must be a list"),
        (Matrix(expression="${{ list }}"), "must be an object"),
        (Matrix(axes={"a": list(range(257))}), "more than 256"),
        (Matrix(axes={name: list(range(100)) for name in "abcdef"}), "more than 256"),
    ],
)
def test_what_is_no_matrix(matrix: Matrix, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        combinations(matrix, evaluate)


def test_what_is_known_without_evaluating() -> None:
    assert is_static(Matrix(axes={"a": [1]}, include=[{"b": 2}]))
    assert not is_static(Matrix(axes={"a": [{"k": "${{ text }}"}]}))
    assert known_keys(Matrix(axes={"a": "${{ list }}"}, include=[{"b": 2}])) == {"a", "b"}
    assert known_keys(Matrix(expression="${{ whole }}")) is None


@pytest.mark.parametrize(
    ("combination", "key"),
    [
        ({}, "test"),
        ({"python": "3.11"}, "test (3.11)"),
        ({"python": 3.13, "os": "linux", "slow": True, "none": None}, "test (3.13, linux, true, )"),
        ({"a": {"x": 1, "y": ["p", "q"]}}, "test (1, p, q)"),
        ({"a": "two\nlines"}, "test (two lines)"),
    ],
)
def test_run_key(combination: dict[str, JsonValue], key: str) -> None:
    assert run_key("test", combination) == key


def test_run_keys_are_distinct_and_short() -> None:
    assert run_keys("t", [{"a": 1}, {"a": "1"}, {"a": 2}]) == ["t (1)", "t (1) #2", "t (2)"]
    assert len(run_key("t", {"a": "x" * 500})) == 104
