"""Outcomes survive as JSON, whatever an agent put into them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.definition.model import JsonValue
from orchestrator.execution.commit import FileChange
from orchestrator.execution.outcome import Annotation, FailureClass, Outcome, Usage
from orchestrator.store.outcome_codec import MAX_DEPTH, dump_outcome, load_outcome

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def nested(depth: int) -> dict[str, JsonValue]:
    value: JsonValue = "bottom"
    for _ in range(depth):
        value = [value]
    return {"deep": value}


@settings(max_examples=50)
@given(st.dictionaries(st.text(), VALUES))
def test_any_outputs_come_back(outputs: dict[str, Any]) -> None:
    outcome = Outcome(outputs=outputs)
    assert load_outcome(dump_outcome(outcome)) == outcome


@given(st.text(st.characters()))
def test_any_text_can_be_written_and_read(text: str) -> None:
    load_outcome(dump_outcome(Outcome(message=text, outputs={text: text}))).message.encode()


def test_nested_values_keep_their_types() -> None:
    outcome = Outcome(
        failure=FailureClass.IDLE,
        annotations=(Annotation(level="notice", message="m", end_column=3),),
        usage=Usage(model="m", cost_usd=0.1),
        changes=(FileChange(path="a", status="added"), FileChange(path="b", status="deleted")),
    )
    assert load_outcome(dump_outcome(outcome)) == outcome


@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH])
def test_values_within_the_depth_stay(depth: int) -> None:
    outcome = Outcome(outputs=nested(depth - 1))
    assert load_outcome(dump_outcome(outcome)) == outcome


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 300, 400])
def test_deeper_values_become_text_and_can_be_read_again(depth: int) -> None:
    value: Any = load_outcome(dump_outcome(Outcome(outputs=nested(depth)))).outputs["deep"]
    while isinstance(value, list):
        (value,) = value
    assert "bottom" in str(json.loads(value))


def test_a_value_too_deep_even_for_text_is_named_so() -> None:
    value: JsonValue = []
    for _ in range(100_000):
        value = [value]
    assert "nested too deeply" in dump_outcome(Outcome(outputs={"deep": value}))
