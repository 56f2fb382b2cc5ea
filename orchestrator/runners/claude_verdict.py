"""Judges how Claude Code ended. Its exit code alone says little: see `docs/agents.md`."""

from __future__ import annotations

from typing import Any

from orchestrator.definition.model import JsonValue
from orchestrator.execution.state import FailureClass, Level, Outcome, Usage
from orchestrator.lifecycle.ports.runner import LogSink
from orchestrator.runners.answer import answer_problems
from orchestrator.runners.claude_stream import MOST_COUNTED, Record, whole
from orchestrator.runners.endings import exit_message

_SUBTYPES = {
    "error_max_turns": (FailureClass.MAX_TURNS, "it used up its turns; raise `max-turns` or ask for less"),
    "error_max_budget_usd": (FailureClass.BUDGET, "it used up its budget"),
    "error_max_structured_output_retries": (FailureClass.BAD_OUTPUT, "no answer fitted the schema"),
}
_UNREACHABLE = ("connection", "connect", "timed out", "timeout", "overloaded", "socket")


def verdict(record: Record, code: int | None, schema: dict[str, JsonValue] | None, log: LogSink) -> Outcome:
    """Success takes exit code 0, a result that is no error, tools that were not all denied, and an answer that fits
    `schema` when there is one."""
    result = record.result
    for server in record.failed_servers:
        log.line(f"the MCP server `{server}` did not start", level=Level.WARNING, stream="mycelium")
    if result is None:
        return _without_result(record, code)
    usage = usage_of(result, record)
    failure = _failure(record, result, code)
    if failure is not None:
        outputs: dict[str, JsonValue] = {"text": record.said}
        return Outcome(failure=failure[0], message=failure[1], exit_code=code, usage=usage, outputs=outputs)
    answer = result.get("structured_output")
    problems = _answer_problems(answer, schema)
    if problems:
        return Outcome(failure=FailureClass.BAD_OUTPUT, message=problems, exit_code=code, usage=usage)
    _mention_denials(record, log)
    if schema is None or not isinstance(answer, dict):
        return Outcome(exit_code=code, usage=usage, outputs={"text": str(result.get("result") or "")})
    # The result's own text repeats the answer as JSON.
    return Outcome(exit_code=code, usage=usage, outputs={"text": record.said, **answer})


def usage_of(result: dict[str, Any], record: Record) -> Usage:
    """The figures of the whole run, sub-agents included; what is missing counts as 0, a missing cost as unknown."""
    cost = result.get("total_cost_usd")
    by_model = result.get("modelUsage")
    models = [each for each in by_model.values() if isinstance(each, dict)] if isinstance(by_model, dict) else []
    figures = models or [_renamed(result.get("usage"))]
    return Usage(
        model=record.model,
        input_tokens=_sum(figures, "inputTokens"),
        output_tokens=_sum(figures, "outputTokens"),
        cache_read_tokens=_sum(figures, "cacheReadInputTokens"),
        cache_write_tokens=_sum(figures, "cacheCreationInputTokens"),
        turns=record.turns,
        cost_usd=float(cost) if isinstance(cost, int | float) and abs(cost) < MOST_COUNTED else None,
    )


def _renamed(usage: object) -> dict[str, Any]:
    """`usage` counts the last conversation alone; it is second choice."""
    counts = usage if isinstance(usage, dict) else {}
    return {
        "inputTokens": counts.get("input_tokens"),
        "outputTokens": counts.get("output_tokens"),
        "cacheReadInputTokens": counts.get("cache_read_input_tokens"),
        "cacheCreationInputTokens": counts.get("cache_creation_input_tokens"),
    }


def _sum(figures: list[dict[str, Any]], name: str) -> int:
    return sum(whole(each.get(name)) for each in figures)


def _without_result(record: Record, code: int | None) -> Outcome:
    if code == 0:
        message = "Claude Code ended without a result"
        return Outcome(failure=FailureClass.BAD_OUTPUT, message=message, exit_code=code)
    failure = FailureClass.CRASHED if code is None or code < 0 else FailureClass.EXIT
    return Outcome(failure=failure, message=exit_message(code, record.complaint[:500]), exit_code=code)


def _failure(record: Record, result: dict[str, Any], code: int | None) -> tuple[FailureClass, str] | None:
    text = " ".join(str(result.get("result") or result.get("errors") or "").split())[:500]
    subtype = str(result.get("subtype"))
    if subtype in _SUBTYPES:
        return _SUBTYPES[subtype]
    if result.get("stop_reason") == "refusal":
        return FailureClass.REFUSED, f"the model refused: {text or record.said[:500]}"
    if result.get("is_error") or subtype != "success":
        return _api_failure(result.get("api_error_status"), text)
    if code != 0:
        return FailureClass.EXIT, exit_message(code, record.complaint[:500])
    if record.denied and record.denied.keys() >= record.calls.keys():
        names = ", ".join(sorted(set(record.denied.values())))
        return FailureClass.DENIED, f"every tool it tried was denied ({names}); allow them with `tools`"
    return None


def _api_failure(status: object, text: str) -> tuple[FailureClass, str]:
    message = f"the model's API answered {status}: {text}" if status else text or "Claude Code reported an error"
    if status in (401, 403):
        return FailureClass.AUTH, message
    if isinstance(status, int) and (status == 429 or status >= 500):
        return FailureClass.OVERLOADED, message
    if not status and any(word in text.lower() for word in _UNREACHABLE):
        return FailureClass.OVERLOADED, message
    return FailureClass.EXIT, message


def _answer_problems(answer: object, schema: dict[str, JsonValue] | None) -> str:
    if schema is None:
        return ""
    if not isinstance(answer, dict):
        return "the agent gave no structured answer"
    problems = answer_problems(answer, schema)
    return f"answer: {'; '.join(problems)}" if problems else ""


def _mention_denials(record: Record, log: LogSink) -> None:
    for name in sorted(set(record.denied.values())):
        log.line(f"the tool `{name}` was denied; allow it with `tools`", level=Level.WARNING, stream="mycelium")
