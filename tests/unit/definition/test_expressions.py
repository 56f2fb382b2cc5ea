"""The expression language against GitHub's documented behaviour."""

from __future__ import annotations

import math

import pytest

from orchestrator.definition.expressions import (
    EvaluationError,
    ExpressionSyntaxError,
    Status,
    evaluate,
    interpolate,
    parse,
    references,
    split,
    status_functions,
    uses_status_function,
    whole_expression,
)
from orchestrator.definition.model import JsonValue

CONTEXT: dict[str, JsonValue] = {
    "github": {"ref": "refs/heads/Main", "event": {"Number": 7, "labels": ["bug", "Help"]}},
    "needs": {"a-b": {"outputs": {"list": "[1, 2]", "empty": ""}, "result": "success"}},
    "list": [1, "two", None, True],
    "zero": 0,
    "nothing": None,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("true", True),
        ("false", False),
        ("711", 711),
        ("-9.2", -9.2),
        ("0xff", 255),
        ("0xFFFFFFFF", -1),
        ("0o17", 15),
        ("-2.99e-2", -2.99e-2),
        ("+.5", 0.5),
        ("Infinity", math.inf),
        ("'It''s open source'", "It's open source"),
        ("''", ""),
        ("  ( (1) ) ", 1),
        ("github.event.number", 7),
        ("GITHUB.Event.NUMBER", 7),
        ("github['event']['number']", 7),
        ("github.event.labels[1]", "Help"),
        ("github.event.labels['1']", "Help"),
        ("github.event.labels[1.9]", "Help"),
        ("github.event.labels[2]", None),
        ("github.event.labels[-1]", None),
        ("github.event.labels.first", None),
        ("github.event.labels[github]", None),
        ("github.event.missing.deeper", None),
        ("needs.a-b.result", "success"),
        ("unknown", None),
        ("fromJSON(needs.a-b.outputs.list)[1]", 2),
        ("github . event . number", 7),
        ("nothing.true", None),
    ],
)
def test_literals_and_paths(text: str, value: JsonValue) -> None:
    assert evaluate(parse(text), CONTEXT) == value
    assert type(evaluate(parse(text), CONTEXT)) is type(value)


def test_nan_is_a_literal_and_differs_from_itself() -> None:
    assert math.isnan(evaluate(parse("NaN"), {}))  # type: ignore[arg-type]
    assert evaluate(parse("NaN == NaN"), {}) is False
    assert evaluate(parse("NaN != NaN"), {}) is True


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'Main' == 'mAIN'", True),
        ("'ß' == 'SS'", False),
        ("null == 0", True),
        ("null == ''", True),
        ("null == false", True),
        ("null == null", True),
        ("true == 1", True),
        ("true == '1'", True),
        ("true == 'true'", False),
        ("'1e1' == 10", True),
        ("' 0xA ' == 10", True),
        ("'' == 0", True),
        ("'abc' == 0", False),
        ("'1_000' == 1000", False),
        ("list == list", True),
        ("list == fromJSON('[1]')", False),
        ("list == 0", False),
        ("list != 'Array'", True),
        ("'a' < 'B'", True),
        ("'b' > 'A'", True),
        ("2 < '10'", True),
        ("'2' < '10'", False),
        ("null < 1", True),
        ("null >= 0", True),
        ("null <= null", True),
        ("null < null", False),
        ("false < true", True),
        ("'abc' < 1", False),
        ("'abc' >= 1", False),
        ("list < 1", False),
        ("1 < 2 == true", True),
        ("3 > 2 > 1", False),
        ("!true == false", True),
        ("!(1 == 2)", True),
        ("!!'x'", True),
        ("!''", True),
        ("!'0'", False),
        ("!0", True),
        ("!NaN", True),
        ("!list", False),
    ],
)
def test_operators(text: str, value: bool) -> None:
    assert evaluate(parse(text), CONTEXT) is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a' && 'b'", "b"),
        ("'' && 'b'", ""),
        ("0 || 'fallback'", "fallback"),
        ("0 || null", None),
        ("'a' || fromJSON('broken')", "a"),
        ("github.event.number == 7 && 'seven' || 'other'", "seven"),
        ("false || false || 3", 3),
        ("1 && 2 && 0 && fromJSON('broken')", 0),
        ("true || false && false", True),
    ],
)
def test_logic_returns_operands_and_stops_early(text: str, value: JsonValue) -> None:
    assert evaluate(parse(text), CONTEXT) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("contains('Hello world', 'LLO')", True),
        ("contains(github.event.labels, 'help')", True),
        ("contains(github.event.labels, 'hel')", False),
        ("contains(fromJSON('[1, 2]'), '2')", True),
        ("contains('abc', null)", True),
        ("contains('abc', list)", False),
        ("contains(github, 'event')", False),
        ("contains(123, 2)", True),
        ("startsWith('Hello', 'hE')", True),
        ("StartsWith(list, 'A')", False),
        ("endsWith('Hello', 'LO')", True),
        ("endsWith(7, 7)", True),
        ("format('Hello {0} {1} {0}', 'a', 1.50)", "Hello a 1.5 a"),
        ("format('{{Hello {0}}}', 'a')", "{Hello a}"),
        ("format('{0}', '{1}')", "{1}"),
        ("format('{0}|{1}|{2}', null, true, list)", "|true|Array"),
        ("join(github.event.labels)", "bug,Help"),
        ("join(github.event.labels, ' - ')", "bug - Help"),
        ("join(list, '')", "1twotrue"),
        ("join('one')", "one"),
        ("join(github)", ""),
        ("toJSON(fromJSON('[]'))", "[]"),
        ("toJSON(github.event)", '{\n  "Number": 7,\n  "labels": [\n    "bug",\n    "Help"\n  ]\n}'),
        ("toJSON('ä\"')", '"ä\\""'),
        ("toJSON(fromJSON('1.0'))", "1"),
        ("fromJson('{\"A\": null}').a", None),
        ("FROMJSON('true')", True),
    ],
)
def test_functions(text: str, value: JsonValue) -> None:
    assert evaluate(parse(text), CONTEXT) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1e15", "1E+15"),
        ("0.00001", "1E-05"),
        ("0.1", "0.1"),
        ("123456789012345678", "1.23456789012346E+17"),
        ("100000", "100000"),
        ("Infinity", "Infinity"),
        ("-1.0", "-1"),
        ("null", ""),
        ("true", "true"),
        ("fromJSON('[]')", "Array"),
        ("fromJSON('{}')", "Object"),
    ],
)
def test_values_in_a_text(value: str, text: str) -> None:
    assert interpolate("<${{ " + value + " }}>", {}) == f"<{text}>"


@pytest.mark.parametrize(
    ("text", "status", "value"),
    [
        ("success()", Status(success=True), True),
        ("success()", Status(success=False), False),
        ("failure()", Status(success=False, failure=True), True),
        ("cancelled()", Status(cancelled=True), True),
        ("always()", Status(success=False, failure=True), True),
        ("always()", None, True),
        ("!CANCELLED() && failure()", Status(failure=True), True),
    ],
)
def test_status_functions(text: str, status: Status | None, value: bool) -> None:
    assert evaluate(parse(text), {}, status) is value


def test_status_functions_need_a_status() -> None:
    with pytest.raises(EvaluationError, match="only stand in `if`"):
        evaluate(parse("failure()"), {})


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "An expression was expected"),
        ("a b", 3, "Unexpected symbol: 'b'"),
        ("1 + 1", 3, "no arithmetic"),
        ("a = b", 3, "comparing is `==`"),
        ("a & b", 3, "`&&` and `||`"),
        ('"x"', 1, "single quotes"),
        ("'abc", 1, "not closed"),
        ("a &&", 5, "Unexpected end"),
        ("(a", 3, "Unexpected end"),
        ("a[0", 4, "Unexpected end"),
        ("'a'.b", 4, "Unexpected symbol"),
        ("1.2.3", 1, "Unexpected symbol: '1.2.3'"),
        ("1a", 1, "Unexpected symbol: '1a'"),
        ("contain('a', 'b')", 1, "did you mean `contains`"),
        ("nope()", 1, "Unrecognized function: 'nope'"),
        ("true && contains('a')", 9, "Too few parameters supplied: 'contains'"),
        ("success(1)", 1, "Too many parameters"),
        ("a.*.b", 3, "not supported yet"),
        ("a[*]", 3, "not supported yet"),
        ("hashFiles('**')", 1, "`hashFiles` is not supported yet"),
        ("x" * 21_001, 21_001, "max expression length"),
        ("!" * 60 + "a", 1, "max expression depth"),
        ("1" + "==1" * 60, 1, "max expression depth"),
    ],
)
def test_what_is_no_expression(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert caught.value.column == column


@pytest.mark.parametrize("text", ["(" * 9_000 + "1" + ")" * 9_000, "1" + " && 1" * 4_000])
def test_long_and_flat_is_not_deep(text: str) -> None:
    assert evaluate(parse(text), {}) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fromJSON('nope')", "not JSON"),
        ("fromJSON('')", "not JSON"),
        ("fromJSON('NaN')", "NaN is no JSON value"),
        ("fromJSON('\"\\ud800\"')", "surrogate"),
        ("fromJSON('" + "[" * 10_000 + "')", "fromJSON"),
        ("fromJSON('" + "[" * 200 + "]" * 200 + "')", "nested deeper"),
        ("format('{0}')", "more arguments"),
        ("format('{9999999999}', 1)", "more arguments"),
        ("format('{', 1)", "invalid"),
        ("format('}', 1)", "invalid"),
        ("format('{a}', 1)", "invalid"),
    ],
)
def test_what_cannot_be_evaluated(text: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        evaluate(parse(text), {})


def test_growing_texts_are_bounded() -> None:
    text = "'0123456789'"
    for _ in range(20):
        text = f"format('{'{0}' * 50}', {text})"
    with pytest.raises(EvaluationError, match="more than"):
        evaluate(parse(text), {})


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("plain", "plain"),
        ("", ""),
        ("${{ 5 }}", 5),
        ("${{ fromJSON('[1]') }}", [1]),
        (" ${{ 5 }}", " 5"),
        ("${{ 1 }}${{ 2 }}", "12"),
        ("a ${{ '}}' }} b", "a }} b"),
        ("a ${{ 'it''s }}' }}", "a it's }}"),
        ("$ {{ x }} }}", "$ {{ x }} }}"),
        ("${{ nothing }}", None),
        ("<${{ nothing }}>", "<>"),
    ],
)
def test_templates(template: str, value: JsonValue) -> None:
    assert interpolate(template, CONTEXT) == value


@pytest.mark.parametrize(
    ("template", "column"),
    [("ab ${{ x", 4), ("${{ 'x }}", 1), ("ab ${{ x y }}", 10), ("${{ }}", 4), ("${{ a }} ${{", 10)],
)
def test_broken_templates_name_the_column(template: str, column: int) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        split(template)
    assert caught.value.column == column


def test_whole_expression() -> None:
    assert whole_expression("${{ a }}") == parse(" a ")
    assert whole_expression("x ${{ a }}") is None
    assert whole_expression("text") is None


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("needs.a.outputs['x y']", [("needs", "a", "outputs", "x y")]),
        ("NEEDS.A", [("needs", "A")]),
        ("github", [("github",)]),
        ("needs[matrix.name].result", [("needs",), ("matrix", "name")]),
        ("contains(github.ref, 'x') && !inputs.y", [("github", "ref"), ("inputs", "y")]),
        ("fromJSON(needs.a.outputs.x)[matrix.i]", [("needs", "a", "outputs", "x"), ("matrix", "i")]),
        ("(github.event).pull[0]", [("github", "event", "pull", "0")]),
        ("1 == 2", []),
    ],
)
def test_references(text: str, paths: list[tuple[str, ...]]) -> None:
    assert [reference.path for reference in references(parse(text))] == paths


def test_status_functions_are_found_anywhere() -> None:
    assert uses_status_function(parse("github.x == 1 || !Failure()"))
    assert status_functions(parse("always() || needs[cancelled()]")) == {"always", "cancelled"}
    assert not uses_status_function(parse("'success()' == needs.success"))
