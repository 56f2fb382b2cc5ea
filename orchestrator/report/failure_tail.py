"""The last log lines of a failed node run that say more than its message does."""

from __future__ import annotations

from orchestrator.execution.log_line import LogLine
from orchestrator.execution.state import NodeRun
from orchestrator.report.plain_text import visible
from orchestrator.report.view import ExecutionView


def failure_tail(view: ExecutionView, run: NodeRun, limit: int) -> tuple[LogLine, ...]:
    """At most `limit` lines: a log ends with the message of the failure, which readers have before them already."""
    lines = view.tails.get(run.index, ())
    said = _said(run.outcome.message) if run.outcome else []
    last = len(lines) - len(said)
    repeated = bool(said) and [part for line in lines[max(0, last) :] for part in _said(line.text)] == said
    return (lines[:last] if repeated else lines)[-limit:]


def _said(text: str) -> list[str]:
    return [line.strip() for line in visible(text).split("\n") if line.strip()]
