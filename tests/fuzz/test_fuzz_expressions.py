"""Whatever stands between `${{` and `}}`: it is evaluated, twice to the same value, or refused with a column."""

# ruff: noqa: PT017 - that an error says where it is, is what is tried here

from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import strategies as st

from orchestrator.definition.expressions import (
    EvaluationError,
    ExpressionError,
    ExpressionSyntaxError,
    Status,
    evaluate,
    interpolate,
    interpolate_text,
    parse,
    pieces,
    references,
    status_functions,
)
from orchestrator.definition.expressions.functions import MAX_TEXT
from orchestrator.definition.model import JsonValue
from tests.fuzz.corpus import examples, files, inputs
from tests.fuzz.fuzzing import fuzz, text_of

CONTEXT: dict[str, JsonValue] = {
    "github": {"event": {"title": "A 'quoted' ${{ title }}", "n": 3, "deep": [[[[{"a": None}]]]]}, "ref": "x"},
    "needs": {"a": {"result": "success", "outputs": {"x": "ß" * 2_000, "Y": [1, "2", 2.5, None], "json": '{"a":[1]}'}}},
    "inputs": {"x": True, "y": 0.1, "z": 2**70, "nan": float("nan")},
    "matrix": {},
    "a": "[" * 50 + "]" * 50,
}
_NAMES = ["github", "needs", "inputs", "a", "NEEDS", "x", "event", "outputs", "result", "json", "title", "y", "true"]
_FUNCTIONS = ["contains", "startsWith", "endsWith", "format", "join", "toJSON", "fromJSON", "success", "always", "nope"]
_literals = st.sampled_from(
    [
        *("1", "0x1F", "-1.5e3", "+0", ".5", "0o7", "1e400", "'it''s'", "''", "'{0}{1}'", "'{{}}'", "'[1,2'", "null"),
        *("true", "NaN", "Infinity", "'{\"a\": [1, 2]}'", "'ß'", "99999999999999999999", "'\ud800'", "'1e5'", "' 12 '"),
    ]
)
_paths = st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4).map(".".join)
_expressions = st.recursive(
    _literals | _paths,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "&&", "||", " && ", "=", "+"]), inner).map(
            "".join
        ),
        inner.map(lambda text: f"!({text})"),
        inner.map(lambda text: f"({text})"),
        st.tuples(_paths, inner).map(lambda pair: f"{pair[0]}[{pair[1]}]"),
        st.tuples(st.sampled_from(_FUNCTIONS), st.lists(inner, max_size=4)).map(
            lambda pair: f"{pair[0]}({', '.join(pair[1])})"
        ),
    ),
    max_leaves=15,
)
_templates = st.lists(_expressions.map(lambda text: f"${{{{ {text} }}}}") | st.text(max_size=5), max_size=4).map(
    "".join
)
_WORDS = [
    *(f"{name}(" for name in _FUNCTIONS),
    *(*_NAMES, "(", ")", "[", "]", ".", ",", "!", "==", "&&", "||", "'", "''", "*", "${{", "}}", " ", "<", ">="),
    *("toJSON(fromJSON(a))", "format('{0}{0}', ", "join(needs.a.outputs.Y, ", "a==", "!!!!", "a.b", "(a||"),
]


def one_text(data: bytes) -> None:
    text = text_of(data)
    _as_expression(text)
    _as_template(text)


def _as_expression(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionSyntaxError as error:
        assert 1 <= error.column <= len(text) + 1
        assert len(str(error)) < 1_000
        return
    for reference in references(expression):
        assert 1 <= reference.column <= len(text)
        assert reference.path
    status_functions(expression)
    first, second = _evaluated(text), _evaluated(text)
    assert first == second
    if isinstance(first, str):
        assert len(first) < 4 * MAX_TEXT


def _evaluated(text: str) -> str:
    try:
        return json.dumps(evaluate(parse(text), CONTEXT, Status(failure=True)))
    except EvaluationError as error:
        assert len(str(error)) < 1_000
        return f"refused: {error}"


def _as_template(text: str) -> None:
    assert all(isinstance(piece, str) or 0 <= _start(piece) <= len(text) for piece in pieces(text))
    try:
        interpolate(text, CONTEXT, Status())
        value = interpolate_text(text, CONTEXT, Status())
    except ExpressionError as error:
        assert len(str(error)) < 1_000
        return
    if "${{" not in text:
        assert value == text


def _start(piece: object) -> int:
    return getattr(piece, "offset", None) or getattr(piece, "column", 0)


def test_fuzz_expressions(record_property: Callable[[str, object], None]) -> None:
    written = files("workflows/**/*.yaml", "docs/expressions.md")
    seeds = [line.strip() for text in (*written, *examples("yaml")) for line in text.splitlines() if b"${{" in line]
    fuzz("expressions", one_text, inputs(seeds, _WORDS, _expressions | _templates), record_property)
