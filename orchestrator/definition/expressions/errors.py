"""What can be wrong with an expression: its text, or what it meets when it is evaluated."""

from __future__ import annotations

from orchestrator.errors import BadInput


class ExpressionError(BadInput):
    """Any error of the expression language."""


class ExpressionSyntaxError(ExpressionError):
    """The text is no expression. `column` counts from 1 in the text that was parsed; `reason` leaves it out."""

    def __init__(self, reason: str, *, column: int = 1, hint: str | None = None) -> None:
        super().__init__(f"{reason} (column {column} of the expression)", hint=hint)
        self.reason = reason
        self.column = column


class EvaluationError(ExpressionError):
    """The expression parses, and cannot be evaluated: JSON that is none, a format without its argument."""
