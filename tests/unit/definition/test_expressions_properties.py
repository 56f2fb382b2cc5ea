"""Whatever the text: an expression is parsed and evaluated, or refused with the documented error."""

from __future__ import annotations

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.definition.expressions import (
    EvaluationError,
    Expression,
    ExpressionError,
    ExpressionSyntaxError,
    Status,
    evaluate,
    interpolate,
    parse,
    references,
    uses_status_function,
)
from orchestrator.definition.expressions.values import equal, is_primitive, less, to_text
from orchestrator.definition.model import JsonValue

_WORDS = [
    *("a", "github", "needs", "null", "true", "NaN", "1", "0x1f", "-3e2", "'s'", "'it''s'", "''", "[", "]", "(", ")"),
    *(
        ".",
        ",",
        "!",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "&&",
        "||",
        "*",
        " ",
        "success()",
        "contains(",
        "format(",
        "'{0}'",
    ),
    *("join(", "toJSON(", "fromJSON(", "${{", "}}", "'", "{", "=", "&", "\n", "é", "\x00"),
]
tokens = st.lists(st.sampled_from(_WORDS), max_size=30).map("".join)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)
primitives = json_values.filter(is_primitive)


def _parsed(text: str) -> Expression | ExpressionSyntaxError:
    try:
        return parse(text)
    except ExpressionSyntaxError as error:
        return error


@settings(max_examples=300, deadline=None)
@given(text=tokens | st.text(max_size=60), value=json_values)
def test_only_documented_errors(text: str, value: JsonValue) -> None:
    expression = _parsed(text)
    if isinstance(expression, ExpressionSyntaxError):
        assert 1 <= expression.column <= len(text) + 1
        return
    references(expression)
    uses_status_function(expression)
    try:
        evaluate(expression, {"a": value, "github": {"a": value}}, Status())
    except EvaluationError:
        return


@settings(max_examples=200, deadline=None)
@given(template=tokens | st.text(max_size=60))
def test_templates_raise_only_documented_errors(template: str) -> None:
    try:
        value = interpolate(template, {"a": [1]}, Status())
    except ExpressionError:
        return
    if "${{" not in template:
        assert value == template


@given(left=primitives, right=primitives)
def test_equality_is_symmetric_and_excludes_order(left: JsonValue, right: JsonValue) -> None:
    assert equal(left, right) == equal(right, left)
    if equal(left, right):
        assert not less(left, right)


@given(text=st.text(max_size=20))
def test_strings_survive_quoting(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert evaluate(parse(quoted), {}) == text
    assert interpolate("-${{ " + quoted + " }}-", {}) == f"-{text}-"


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5), st.lists, max_leaves=8
    )
)
def test_json_round_trip(value: JsonValue) -> None:
    assert evaluate(parse("fromJSON(toJSON(a))"), {"a": value}) == value
    assert json.loads(to_text(evaluate(parse("toJSON(a)"), {"a": value}))) == value


@given(names=st.lists(st.sampled_from(["a", "true", "null", "x-y", "_", "NaN", "Infinity"]), min_size=1, max_size=4))
def test_the_short_way_for_paths_agrees_with_the_grammar(names: list[str]) -> None:
    text = ".".join(names)
    # Parentheses lead through the grammar and leave no trace in the tree.
    try:
        short = parse(text).root
    except ExpressionSyntaxError:
        short = None
    try:
        long = parse(f"({names[0]}){text[len(names[0]) :]}").root if short else None
    except ExpressionSyntaxError:
        long = None
    assert _tree(short) == _tree(long)


def _tree(root: object) -> str:
    """As text: NaN differs from NaN, and so from Python 3.13 on does a node that holds one."""
    return re.sub(r"(column|depth)=\d+", "", repr(root))
