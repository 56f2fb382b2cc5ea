"""Placeholders and pointers: what the texts and paths of mycelium.yaml come to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.definition.model import JsonValue
from orchestrator.definition.placeholders import filled, filled_map, filled_words, names_in
from orchestrator.definition.pointers import Pointer

VALUES = {"model": "m", "prompt": "say {model}"}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("", ""),
        ("{model}", "m"),
        ("a{model}b{model}", "ambm"),
        ("{prompt}", "say {model}"),
        ("{session}", None),
        ("{model} {session}", None),
        ("{{session}}", "{session}"),
        ('{"model":"{model}","x":{}}', '{"model":"m","x":{}}'),
        ("{1} { model } {a-b}", "{1} { model } {a-b}"),
    ],
)
def test_a_text_is_filled(text: str, made: str | None) -> None:
    assert filled(text, VALUES) == made


def test_what_has_no_value_takes_its_group_along() -> None:
    command = (("x",), ("--model", "{model}"), ("--resume", "{session}"), ("{session}",), ("-",))
    assert filled_words(command, VALUES) == ["x", "--model", "m", "-"]
    assert filled_map({"A": "{model}", "B": "{session}"}, VALUES) == {"A": "m"}


@given(st.text(alphabet="{}ab ", max_size=30))
def test_values_are_put_where_names_are_found_and_nowhere_else(text: str) -> None:
    names = [name for name, _ in names_in(text)]
    assert all(text[at : at + len(name) + 2] == f"{{{name}}}" for name, at in names_in(text))
    made = filled(text, dict.fromkeys(names, "*"))
    assert made is not None
    assert made.count("*") == len(names)


@pytest.mark.parametrize(
    ("parts", "values"),
    [
        (("a",), [1]),
        (("b", "0"), ["x"]),
        (("b", "*"), ["x", "y"]),
        (("*", "c"), [2]),
        (("b", "7"), []),
        (("a", "b"), []),
        (("none",), []),
        (("b", "²"), []),
    ],
)
def test_a_pointer_finds_what_stands_there(parts: tuple[str, ...], values: list[JsonValue]) -> None:
    document: JsonValue = {"a": 1, "b": ["x", "y"], "d": {"c": 2}, "none": None}
    assert list(Pointer(parts=parts).found(document)) == values


def test_a_pointer_may_look_at_one_kind_of_line() -> None:
    pointer = Pointer(parts=("n",), event="step")
    assert list(pointer.found({"type": "step", "n": 1})) == [1]
    assert list(pointer.found({"type": "text", "n": 1})) == list(pointer.found([1])) == []


def test_and_only_at_those_in_which_a_key_has_a_value() -> None:
    pointer = Pointer(parts=("n",), event="said", where=("by", "me"))
    lines: list[JsonValue] = [{"type": kind, "by": who, "n": 1} for kind in ("said", "done") for who in ("me", "you")]
    assert [list(pointer.found(line)) for line in lines] == [[1], [], [], []]
