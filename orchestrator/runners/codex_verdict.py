"""Judges how Codex ended."""

from __future__ import annotations

import json
import re

from orchestrator.definition.model import JsonValue
from orchestrator.execution.outcome import FailureClass, Usage
from orchestrator.runners.codex_record import Record
from orchestrator.runners.codex_schema import without_nulls
from orchestrator.runners.endings import exit_message
from orchestrator.runners.engine import Ending
from orchestrator.runners.json_events import mapping, whole

Failure = tuple[FailureClass, str]

_STATUS = re.compile(r"\bstatus:? (\d{3})\b")
_BUSY = ("high demand", "overloaded", "stream disconnected", "error sending request", "timed out", "rate limit")
_SERVERS = re.compile(r"required MCP servers failed to initialize: ([^:,]+)")
_REFUSED = ("content_filter", "cyber_policy")


def judged(record: Record, code: int | None) -> Ending:
    """Success takes exit code 0 and a turn that was completed. Whether the answer fits is for others to check."""
    failure = _failure(record, code)
    *before, last = record.said or [""]
    answer = without_nulls(_json(last), record.schema) if record.schema is not None else None
    # An answer is said as JSON; the words before it are what people read.
    text = before[-1] if isinstance(answer, dict) and before else last
    return Ending(
        failure=failure[0] if failure else None,
        message=failure[1] if failure else "",
        text=text,
        answer=answer,
        usage=_usage(record),
        denied=tuple(sorted(set(record.denied.values()))),
        session=record.session,
    )


def _failure(record: Record, code: int | None) -> Failure | None:
    if found := _SERVERS.search(record.complaint):
        return FailureClass.SETUP, f"the MCP server `{found[1].strip()}` did not start; see the log"
    if record.failed:
        return _told(record.failed)
    if code != 0:
        failure = FailureClass.CRASHED if code is None or code < 0 else FailureClass.EXIT
        return failure, exit_message(code, record.complaint[:500])
    if record.completed is None:
        return FailureClass.BAD_OUTPUT, "Codex ended without completing its turn"
    if record.denied and record.denied.keys() >= record.calls.keys():
        return FailureClass.DENIED, f"every tool it tried was denied ({', '.join(sorted(set(record.denied.values())))})"
    return None


def _told(message: str) -> Failure:
    """The failure behind a turn's error, which is told in words alone."""
    found = _STATUS.search(message)
    status = int(found[1]) if found else 0
    if any(word in message for word in _REFUSED):
        return FailureClass.REFUSED, f"the model refused: {message}"
    if status in (401, 403):
        return FailureClass.AUTH, f"the model's API answered {status}: {message}"
    if status == 429 or status >= 500 or any(word in message for word in _BUSY):
        return FailureClass.OVERLOADED, f"the model's API: {message}"
    return FailureClass.EXIT, f"Codex reported: {message}"


def _usage(record: Record) -> Usage:
    """Those of this call. Codex tells the session's, with the cached part inside the input, and no cost."""
    figures, before = mapping(record.completed), record.before
    cached, written = whole(figures.get("cached_input_tokens")), whole(figures.get("cache_write_input_tokens"))
    return Usage(
        model=record.model,
        input_tokens=max(0, whole(figures.get("input_tokens")) - cached - written - before.input_tokens),
        output_tokens=max(0, whole(figures.get("output_tokens")) - before.output_tokens),
        cache_read_tokens=max(0, cached - before.cache_read_tokens),
        cache_write_tokens=max(0, written - before.cache_write_tokens),
        turns=record.turns,
    )


def _json(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value
