"""The functions an expression can call, as one table: name, how many arguments, what it does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from orchestrator.definition.expressions.errors import EvaluationError
from orchestrator.definition.expressions.values import equal, fold, from_float, is_primitive, to_text
from orchestrator.definition.model import JsonValue

MAX_TEXT = 10_000_000
"""Characters that one evaluation may produce."""

MAX_LOOKED_AT = 20_000_000
"""Characters that the functions and comparisons of one evaluation may look through."""

MAX_JSON_DEPTH = 100

_ANY_NUMBER = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """`fewest` and `most` count arguments; `call` is None for the status functions, which ask the execution."""

    name: str
    fewest: int
    most: int
    call: Callable[[Sequence[JsonValue]], JsonValue] | None = None


def contains(arguments: Sequence[JsonValue]) -> JsonValue:
    search, item = arguments
    if isinstance(search, list):
        return any(equal(element, item) for element in search)
    if isinstance(search, dict) or not is_primitive(item):
        return False
    return fold(to_text(item)) in fold(to_text(search))


def starts_with(arguments: Sequence[JsonValue]) -> JsonValue:
    text, prefix = arguments
    return is_primitive(text) and is_primitive(prefix) and fold(to_text(text)).startswith(fold(to_text(prefix)))


def ends_with(arguments: Sequence[JsonValue]) -> JsonValue:
    text, suffix = arguments
    return is_primitive(text) and is_primitive(suffix) and fold(to_text(text)).endswith(fold(to_text(suffix)))


_FORMAT_PART = re.compile(r"\{\{|\}\}|\{([0-9]+)\}|[{}]|[^{}]+")


def format_(arguments: Sequence[JsonValue]) -> JsonValue:
    """`{0}` is the first argument; `{{` and `}}` stand for braces."""
    template = to_text(arguments[0])
    values = [to_text(argument) for argument in arguments[1:]]
    return bounded_join("", [_format_part(part, template, values) for part in _FORMAT_PART.finditer(template)])


def _format_part(part: re.Match[str], template: str, values: list[str]) -> str:
    text, position = part[0], part[1]
    if text in ("{{", "}}"):
        return text[0]
    if text in ("{", "}"):
        raise EvaluationError(
            f"The following format string is invalid: {template[:100]}", hint="a brace is `{{` or `}}`"
        )
    if position is None:
        return text
    if len(position) > 3 or int(position) >= len(values):
        message = f"The following format string references more arguments than were supplied: {template[:100]}"
        raise EvaluationError(message)
    return values[int(position)]


def join(arguments: Sequence[JsonValue]) -> JsonValue:
    items = arguments[0]
    separator = to_text(arguments[1]) if len(arguments) > 1 and is_primitive(arguments[1]) else ","
    if isinstance(items, list):
        return bounded_join(separator, [to_text(item) for item in items])
    return to_text(items) if is_primitive(items) else ""


def bounded_join(separator: str, parts: Sequence[str]) -> str:
    """`separator.join(parts)`, refused before it takes more memory than one evaluation may."""
    if sum(map(len, parts)) + len(separator) * len(parts) > MAX_TEXT:
        raise EvaluationError(f"the expression makes a text of more than {MAX_TEXT:,} characters")
    return separator.join(parts)


def to_json(arguments: Sequence[JsonValue]) -> JsonValue:
    """JSON with two spaces of indentation, numbers as GitHub writes them."""
    text = json.dumps(_plain(arguments[0], 0), ensure_ascii=False, indent=2)
    return bounded_join("", [text])


def _plain(value: JsonValue, depth: int) -> JsonValue:
    if depth > MAX_JSON_DEPTH:
        raise EvaluationError(f"toJSON: the value is nested deeper than {MAX_JSON_DEPTH} levels")
    if isinstance(value, float):
        return from_float(value)
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    return value


def from_json(arguments: Sequence[JsonValue]) -> JsonValue:
    text = to_text(arguments[0])
    try:
        value: JsonValue = json.loads(text, parse_constant=_no_constant)
        _plain(value, 0)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise EvaluationError("fromJSON: the text holds half of a surrogate pair") from error
    except RecursionError as error:
        raise EvaluationError(f"fromJSON: nested deeper than {MAX_JSON_DEPTH} levels") from error
    except ValueError as error:
        raise EvaluationError(f"fromJSON: not JSON: {error}", hint=f"it got {text[:60]!r}") from error
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


_TABLE = (
    Function(name="success", fewest=0, most=0),
    Function(name="failure", fewest=0, most=0),
    Function(name="always", fewest=0, most=0),
    Function(name="cancelled", fewest=0, most=0),
    Function(name="contains", fewest=2, most=2, call=contains),
    Function(name="startsWith", fewest=2, most=2, call=starts_with),
    Function(name="endsWith", fewest=2, most=2, call=ends_with),
    Function(name="format", fewest=1, most=_ANY_NUMBER, call=format_),
    Function(name="join", fewest=1, most=2, call=join),
    Function(name="toJSON", fewest=1, most=1, call=to_json),
    Function(name="fromJSON", fewest=1, most=1, call=from_json),
)

FUNCTIONS = {function.name.lower(): function for function in _TABLE}
STATUS_FUNCTIONS = frozenset(function.name for function in _TABLE if function.call is None)
NOT_YET = frozenset({"hashfiles", "case"})


def arity(function: str) -> tuple[int, int]:
    """The fewest and most arguments of a function, by its lower-case name."""
    found = FUNCTIONS[function]
    return found.fewest, found.most
