"""Texts with `${{ }}` in them: splitting, and putting values in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from orchestrator.definition.expressions.errors import ExpressionSyntaxError
from orchestrator.definition.expressions.evaluation import Status, evaluate
from orchestrator.definition.expressions.functions import bounded_join
from orchestrator.definition.expressions.grammar import MAX_LENGTH, parse
from orchestrator.definition.expressions.syntax import Expression
from orchestrator.definition.expressions.values import to_text
from orchestrator.definition.model import JsonValue

OPEN = "${{"
CLOSE = "}}"
MAX_EXPRESSIONS = 1_000
_REMEMBERED = 10_000
_TOO_MANY = f"The text has more than {MAX_EXPRESSIONS:,} expressions"
_FARTHEST = 2 * MAX_LENGTH
_TOO_LONG = f"Exceeded max expression length {MAX_LENGTH}"
_NOT_CLOSED = "The expression is not closed: after `${{` there is no `}}`"


@dataclass(frozen=True, kw_only=True, slots=True)
class Embedded:
    """An expression in a template; `offset` is where its text starts, behind `${{`, from 0."""

    expression: Expression
    offset: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Malformed:
    """What is no expression in a template. `column` counts from 1 in the template."""

    reason: str
    column: int
    hint: str | None = None


def has_expression(template: str) -> bool:
    """Whether `template` is more than plain text."""
    return OPEN in template


def split(template: str) -> tuple[str | Embedded, ...]:
    """The texts and expressions of `template`, in order.

    Raises `ExpressionSyntaxError` for the first that is malformed; its column counts in `template`.
    """
    parts: list[str | Embedded] = []
    for piece in pieces(template):
        if isinstance(piece, Malformed):
            raise ExpressionSyntaxError(piece.reason, column=piece.column, hint=piece.hint)
        parts.append(piece)
    return tuple(parts)


def pieces(template: str) -> tuple[str | Embedded | Malformed, ...]:
    """As `split`, with the malformed expressions in their places, so that none hides another.

    After one that is not closed, reading goes on at the next `${{`. The expression after the 1,000th is malformed, and
    the last.
    """
    return _pieces_once(template) if len(template) <= _REMEMBERED else _pieces(template)


@lru_cache(maxsize=4_096)
def _pieces_once(template: str) -> tuple[str | Embedded | Malformed, ...]:
    return _pieces(template)


def _pieces(template: str) -> tuple[str | Embedded | Malformed, ...]:
    found: list[str | Embedded | Malformed] = []
    last_close = template.rfind(CLOSE)
    position = expressions = 0
    while (start := template.find(OPEN, position)) >= 0:
        if start > position:
            found.append(template[position:start])
        expressions += 1
        if expressions > MAX_EXPRESSIONS:
            found.append(Malformed(reason=_TOO_MANY, column=start + 1, hint="divide the text"))
            return tuple(found)
        inner = start + len(OPEN)
        end = _closing(template, inner)
        if end is None:
            too_long = last_close >= inner + _FARTHEST
            found.append(Malformed(reason=_TOO_LONG if too_long else _NOT_CLOSED, column=start + 1))
            position = inner
        else:
            found.append(_parsed(template[inner:end], inner))
            position = end + len(CLOSE)
    if position < len(template) or not found:
        found.append(template[position:])
    return tuple(found)


def _closing(template: str, start: int) -> int | None:
    """Where the `}}` stands that closes the expression starting at `start`; quoted braces do not. None without it."""
    position = start
    while (end := template.find(CLOSE, position, start + _FARTHEST)) >= 0:
        quote = template.find("'", position, end)
        if quote < 0:
            return end
        closing_quote = template.find("'", quote + 1, start + _FARTHEST)
        if closing_quote < 0:
            break
        position = closing_quote + 1
    return None


def _parsed(text: str, offset: int) -> Embedded | Malformed:
    try:
        return Embedded(expression=parse(text), offset=offset)
    except ExpressionSyntaxError as error:
        return Malformed(reason=error.reason, column=error.column + offset, hint=error.hint)


def whole_expression(template: str) -> Expression | None:
    """The expression when `template` is exactly one `${{ }}`, else None."""
    parts = split(template)
    only = parts[0]
    return only.expression if len(parts) == 1 and isinstance(only, Embedded) else None


def interpolate(template: str, context: Mapping[str, JsonValue], status: Status | None = None) -> JsonValue:
    """The value of `template`: that of its expression when it is nothing else, otherwise a text.

    Raises `ExpressionSyntaxError` and `EvaluationError`.
    """
    expression = whole_expression(template)
    if expression is not None:
        return evaluate(expression, context, status)
    return interpolate_text(template, context, status)


def interpolate_text(template: str, context: Mapping[str, JsonValue], status: Status | None = None) -> str:
    """`template` as a text, each expression replaced by GitHub's text of its value."""
    parts = split(template)
    return bounded_join("", [_text(part, context, status) for part in parts])


def _text(part: str | Embedded, context: Mapping[str, JsonValue], status: Status | None) -> str:
    return part if isinstance(part, str) else to_text(evaluate(part.expression, context, status))


def as_text(value: JsonValue) -> str:
    """`value` as GitHub puts it into a text: null is empty, 1.0 is `1`, true is `true`."""
    return to_text(value)
