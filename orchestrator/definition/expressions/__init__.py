"""GitHub's expression language: one parse, one evaluate, and templates with `${{ }}` in them.

Reference: https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

from orchestrator.definition.expressions.errors import EvaluationError, ExpressionError, ExpressionSyntaxError
from orchestrator.definition.expressions.evaluation import Status, evaluate
from orchestrator.definition.expressions.grammar import parse
from orchestrator.definition.expressions.references import (
    Reference,
    references,
    status_functions,
    uses_status_function,
)
from orchestrator.definition.expressions.syntax import Expression
from orchestrator.definition.expressions.template import (
    Embedded,
    Malformed,
    as_text,
    has_expression,
    interpolate,
    interpolate_text,
    pieces,
    split,
    whole_expression,
)
from orchestrator.definition.expressions.values import is_truthy

__all__ = [
    "Embedded",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "ExpressionSyntaxError",
    "Malformed",
    "Reference",
    "Status",
    "as_text",
    "evaluate",
    "has_expression",
    "interpolate",
    "interpolate_text",
    "is_truthy",
    "parse",
    "pieces",
    "references",
    "split",
    "status_functions",
    "uses_status_function",
    "whole_expression",
]
