"""Judges how Claude Code ended. Its exit code alone says little: see `docs/agents.md`."""

from __future__ import annotations

from typing import Any

from orchestrator.definition.model import JsonValue
from orchestrator.execution.state import FailureClass, Level, Outcome, Usage
from orchestrator.lifecycle.ports.runner import LogSink
from orchestrator.runners.answer import answer_problems
from orchestrator.runners.claude_stream import Record
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
    usage = usage_of(result, record.model)
    text = str(result.get("result") or "")
    failure = _failure(record, result, code)
    if failure is not None:
        return Outcome(failure=failure[0], message=failure[1], exit_code=code, usage=usage, outputs={"text": text})
    answer = result.get("structured_output")
    problems = _answer_problems(answer, schema)
    if problems:
        return Outcome(failure=FailureClass.BAD_OUTPUT, message=problems, exit_code=code, usage=usage)
    _mention_denials(result, log)
    outputs: dict[str, JsonValue] = dict(answer) if isinstance(answer, dict) else {}
    return Outcome(exit_code=code, usage=usage, outputs={**outputs, "text": text})


def usage_of(result: dict[str, Any], model: str) -> Usage:
    """The figures of a result event; what is missing counts as 0, a missing cost as unknown."""
    counts = result.get("usage")
    counts = counts if isinstance(counts, dict) else {}
    cost = result.get("total_cost_usd")
    return Usage(
        model=model or ", ".join(result.get("modelUsage") or ()),
        input_tokens=_count(counts.get("input_tokens")),
        output_tokens=_count(counts.get("output_tokens")),
        cache_read_tokens=_count(counts.get("cache_read_input_tokens")),
        cache_write_tokens=_count(counts.get("cache_creation_input_tokens")),
        turns=_count(result.get("num_turns")),
        cost_usd=float(cost) if isinstance(cost, int | float) else None,
    )


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
    if result.get("is_error") or subtype != "success":
        return _api_failure(result.get("api_error_status"), text)
    if code != 0:
        return FailureClass.EXIT, exit_message(code, record.complaint[:500])
    if record.refused:
        return FailureClass.REFUSED, f"the model refused: {text}"
    denials = _denied(result)
    if denials and len(denials) >= record.tool_calls:
        names = ", ".join(sorted(set(denials)))
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


def _denied(result: dict[str, Any]) -> list[str]:
    denials = result.get("permission_denials")
    named = denials if isinstance(denials, list) else []
    return [str(denial.get("tool_name")) for denial in named if isinstance(denial, dict)]


def _mention_denials(result: dict[str, Any], log: LogSink) -> None:
    for name in sorted(set(_denied(result))):
        log.line(f"the tool `{name}` was denied; allow it with `tools`", level=Level.WARNING, stream="mycelium")


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
