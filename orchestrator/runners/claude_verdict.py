"""Judges how Claude Code ended. Its exit code alone says little: see `docs/agents.md`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from orchestrator.execution.outcome import FailureClass, Usage
from orchestrator.runners.claude_record import Record, spent_so_far
from orchestrator.runners.endings import exit_message
from orchestrator.runners.engine import Ending
from orchestrator.runners.json_events import amount, mapping, single_line, whole

Failure = tuple[FailureClass, str]

_SUBTYPES: dict[str, Failure] = {
    "error_max_turns": (FailureClass.MAX_TURNS, "it used up its turns; raise `max-turns` or ask for less"),
    "error_max_budget_usd": (FailureClass.BUDGET, "it used up its budget"),
    "error_max_structured_output_retries": (FailureClass.BAD_OUTPUT, "no answer fitted the schema"),
}
_NO_CREDENTIALS = re.compile(r"could not load [\w ]*credentials", re.IGNORECASE)
_UNREACHABLE = ("connection", "connect", "timed out", "timeout", "overloaded", "socket")


def judged(record: Record, code: int | None) -> Ending:
    """Success takes exit code 0, a result that is no error, MCP servers that are there, and tools that were not all
    denied. Whether the answer fits is for others to check."""
    failure = _failure(record, code)
    result = record.result or {}
    answer = result.get("structured_output")
    # The result's own text repeats the answer as JSON.
    text = record.said if failure or answer is not None else str(result.get("result") or "")
    ending = Ending(
        text=text,
        answer=answer,
        usage=_usage(record),
        denied=tuple(sorted(set(record.denied.values()))),
        session=record.session,
    )
    if failure is None:
        return ending
    asked = record.retry_after_ms / 1000 if failure[0] is FailureClass.OVERLOADED else None
    return replace(ending, failure=failure[0], message=failure[1], retry_after_seconds=asked or None)


def _failure(record: Record, code: int | None) -> Failure | None:
    if record.failed_servers:
        return FailureClass.SETUP, _without_servers(record.failed_servers)
    if record.result is None:
        return _without_result(record, code)
    return _told(record, record.result) or _untold(record, code)


def _told(record: Record, result: dict[str, Any]) -> Failure | None:
    """The failure that the result itself tells."""
    text = single_line(result.get("result") or result.get("errors"))
    subtype = str(result.get("subtype"))
    if subtype in _SUBTYPES:
        return _SUBTYPES[subtype]
    if result.get("stop_reason") == "refusal":
        return FailureClass.REFUSED, f"the model refused: {text or record.said[:500]}"
    if result.get("is_error") or subtype != "success":
        return _api_failure(result.get("api_error_status"), text)
    return None


def _untold(record: Record, code: int | None) -> Failure | None:
    """The failure behind a result that tells none."""
    if code != 0:
        return FailureClass.EXIT, exit_message(code, record.complaint[:500])
    if record.denied and record.denied.keys() >= record.calls.keys():
        names = ", ".join(sorted(set(record.denied.values())))
        return FailureClass.DENIED, f"every tool it tried was denied ({names}); allow them with `tools`"
    return None


def _usage(record: Record) -> Usage:
    """The figures of the whole call, sub-agents included; what is missing counts as 0, a missing cost as unknown."""
    if record.result is None:
        return spent_so_far(record)
    models = [each for each in mapping(record.result.get("modelUsage")).values() if isinstance(each, dict)]
    figures = models or [_renamed(mapping(record.result.get("usage")))]
    told = Usage(
        model=record.model,
        input_tokens=_sum(figures, "inputTokens"),
        output_tokens=_sum(figures, "outputTokens"),
        cache_read_tokens=_sum(figures, "cacheReadInputTokens"),
        cache_write_tokens=_sum(figures, "cacheCreationInputTokens"),
        turns=record.turns,
        cost_usd=amount(record.result.get("total_cost_usd")),
    )
    return _since(record.before, told) if models else told


def _since(before: Usage, told: Usage) -> Usage:
    """A session that is resumed tells the figures of all its calls but for the turns; versions before 2.1.330 told
    those of the last call alone, which are less than what was used before."""
    cost, earlier = told.cost_usd or 0.0, before.cost_usd or 0.0
    rest = replace(
        told,
        input_tokens=told.input_tokens - before.input_tokens,
        output_tokens=told.output_tokens - before.output_tokens,
        cache_read_tokens=told.cache_read_tokens - before.cache_read_tokens,
        cache_write_tokens=told.cache_write_tokens - before.cache_write_tokens,
        cost_usd=None if told.cost_usd is None else max(0.0, cost - earlier),
    )
    tokens = (rest.input_tokens, rest.output_tokens, rest.cache_read_tokens, rest.cache_write_tokens)
    return rest if min(tokens) >= 0 else told


def _renamed(counts: dict[str, Any]) -> dict[str, Any]:
    """`usage` counts the last conversation alone; it is second choice."""
    return {
        "inputTokens": counts.get("input_tokens"),
        "outputTokens": counts.get("output_tokens"),
        "cacheReadInputTokens": counts.get("cache_read_input_tokens"),
        "cacheCreationInputTokens": counts.get("cache_creation_input_tokens"),
    }


def _sum(figures: list[dict[str, Any]], name: str) -> int:
    return sum(whole(each.get(name)) for each in figures)


def _without_servers(names: list[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in names)
    return f"the MCP server {listed} did not start; see the log, and `mcp` in mycelium.yaml"


def _without_result(record: Record, code: int | None) -> Failure:
    if code == 0:
        return FailureClass.BAD_OUTPUT, "Claude Code ended without a result"
    failure = FailureClass.CRASHED if code is None or code < 0 else FailureClass.EXIT
    return failure, exit_message(code, record.complaint[:500])


def _api_failure(status: object, text: str) -> Failure:
    message = f"the model's API answered {status}: {text}" if status else text or "Claude Code reported an error"
    if status in (401, 403) or (not status and _NO_CREDENTIALS.search(text)):
        return FailureClass.AUTH, message
    if isinstance(status, int) and (status == 429 or status >= 500):
        return FailureClass.OVERLOADED, message
    if not status and any(word in text.lower() for word in _UNREACHABLE):
        return FailureClass.OVERLOADED, message
    return FailureClass.EXIT, message
