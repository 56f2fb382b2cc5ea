"""`evaluate`: the value of an expression in a context."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.definition.expressions.errors import EvaluationError
from orchestrator.definition.expressions.functions import FUNCTIONS, MAX_LOOKED_AT, MAX_TEXT
from orchestrator.definition.expressions.syntax import (
    Call,
    Comparison,
    Expression,
    Index,
    Literal,
    Logic,
    Name,
    Node,
    Not,
)
from orchestrator.definition.expressions.values import equal, fold, is_primitive, is_truthy, less, to_number, to_text
from orchestrator.definition.model import JsonValue

_CHARACTERS_OF_A_NAME = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """What the status functions answer. `success` asks the direct predecessors, the others all ancestors."""

    success: bool = True
    failure: bool = False
    cancelled: bool = False


def evaluate(expression: Expression, context: Mapping[str, JsonValue], status: Status | None = None) -> JsonValue:
    """The value of `expression`; contexts and properties that are missing are null, as on GitHub.

    `status` answers `success() failure() cancelled()`; without it they are refused. Raises `EvaluationError`.
    """
    return _Evaluator(context, status).value(expression.root)


class _Evaluator:
    def __init__(self, context: Mapping[str, JsonValue], status: Status | None) -> None:
        self._context = context
        self._status = status
        self._produced = 0
        self._looked_at = 0

    def value(self, node: Node) -> JsonValue:
        match node:
            case Literal(value=value):
                return value
            case Name(name=name):
                return _member(self._context, name)
            case Index(target=target, key=key):
                return self._indexed(self.value(target), self.value(key))
            case Call():
                return self._call(node)
            case Not(operand=operand):
                return not is_truthy(self.value(operand))
            case Comparison(operator=operator, left=left, right=right):
                return _compared(operator, *self._looking([self.value(left), self.value(right)]))
            case Logic():
                return self._logic(node)

    def _logic(self, node: Logic) -> JsonValue:
        stops_at = node.operator == "||"
        value: JsonValue = None
        for operand in node.operands:
            value = self.value(operand)
            if is_truthy(value) is stops_at:
                break
        return value

    def _call(self, node: Call) -> JsonValue:
        function = FUNCTIONS[node.function]
        if function.call is None:
            return self._state(function.name)
        result = function.call(self._looking([self.value(argument) for argument in node.arguments]))
        # Nested calls could double a text at each level, and run for ever on a short expression.
        self._produced += len(result) if isinstance(result, str) else 1
        if self._produced > MAX_TEXT:
            raise EvaluationError(f"the expression makes texts of more than {MAX_TEXT:,} characters")
        return result

    def _looking(self, values: list[JsonValue]) -> list[JsonValue]:
        """`values`, counted: a short expression may look at a long text hundreds of times."""
        self._count(sum(len(value) for value in values if isinstance(value, (str, list, dict))))
        return values

    def _count(self, characters: int) -> None:
        self._looked_at += characters
        if self._looked_at > MAX_LOOKED_AT:
            raise EvaluationError(f"the expression looks through more than {MAX_LOOKED_AT:,} characters")

    def _indexed(self, target: JsonValue, key: JsonValue) -> JsonValue:
        if isinstance(target, dict) and is_primitive(key) and to_text(key) not in target:
            # Then every name is compared without case.
            self._count(_CHARACTERS_OF_A_NAME * len(target))
        return _indexed(target, key)

    def _state(self, name: str) -> bool:
        if name == "always":
            return True
        if self._status is None:
            raise EvaluationError(f"`{name}()` can only stand in `if`")
        return bool(getattr(self._status, name))


def _member(mapping: Mapping[str, JsonValue], key: str) -> JsonValue:
    if key in mapping:
        return mapping[key]
    folded = fold(key)
    return next((value for name, value in mapping.items() if fold(name) == folded), None)


def _indexed(target: JsonValue, key: JsonValue) -> JsonValue:
    if not is_primitive(key):
        return None
    if isinstance(target, dict):
        return _member(target, to_text(key))
    if isinstance(target, list):
        number = to_number(key)
        position = math.floor(number) if math.isfinite(number) else -1
        return target[position] if 0 <= position < len(target) else None
    return None


def _compared(operator: str, left: JsonValue, right: JsonValue) -> bool:
    match operator:
        case "==":
            return equal(left, right)
        case "!=":
            return not equal(left, right)
        case "<":
            return less(left, right)
        case ">":
            return less(right, left)
        case "<=":
            return less(left, right) or equal(left, right)
        case _:
            return less(right, left) or equal(left, right)
