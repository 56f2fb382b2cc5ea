"""From the ending of an agent's last call to the outcome of its attempt."""

from __future__ import annotations

from orchestrator.definition.model import JsonValue
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.runners.answer import answer_problems
from orchestrator.runners.engine import Ending

Schema = dict[str, JsonValue] | None


def misfit(ending: Ending, schema: Schema) -> str:
    """What is wrong with the answer of an ending that is no failure; empty when it fits, or none was asked for."""
    if schema is None or ending.failure is not None:
        return ""
    if not isinstance(ending.answer, dict):
        return "the agent gave no structured answer"
    problems = answer_problems(ending.answer, schema)
    return f"answer: {'; '.join(problems)}" if problems else ""


def outcome_of(ending: Ending, schema: Schema) -> Outcome:
    """Outputs are the agent's words as `text`, and its answer, which may have a `text` of its own."""
    said: dict[str, JsonValue] = {"text": ending.text}
    if ending.failure is not None:
        return Outcome(
            failure=ending.failure,
            message=ending.message,
            outputs=said,
            usage=ending.usage,
            retry_after_seconds=ending.retry_after_seconds,
        )
    if problems := misfit(ending, schema):
        return Outcome(failure=FailureClass.BAD_OUTPUT, message=problems, outputs=said, usage=ending.usage)
    answer = ending.answer if schema is not None and isinstance(ending.answer, dict) else {}
    return Outcome(outputs={**said, **answer}, usage=ending.usage)
