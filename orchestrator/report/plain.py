"""Progress as plain lines, one for each change: for logs, pipes and terminals without cursor control."""

from __future__ import annotations

from orchestrator.execution.state import NodeRun, NodeStatus
from orchestrator.report.attention import decisions, how_to_approve
from orchestrator.report.duration import human_duration
from orchestrator.report.figures import (
    counted_runs,
    figures,
    left_behind,
    replay_notice,
    run_seconds,
    sentence,
    spending,
    tolerated,
)
from orchestrator.report.numbers import plural
from orchestrator.report.plain_text import one_line
from orchestrator.report.view import ExecutionView

_PREFIX = "[mycelium]"
_UNTOLD = frozenset({NodeStatus.PENDING, NodeStatus.QUEUED})


def plain_lines(before: ExecutionView | None, after: ExecutionView) -> tuple[str, ...]:
    """What changed between two views, in the order of node runs; nothing when nothing a reader cares about did."""
    known = {run.index: _told(run) for run in before.runs} if before else {}
    changed = [run for run in after.runs if known.get(run.index, ("", 0)) != _told(run) and run.status not in _UNTOLD]
    lines = [] if before else [_started(after)]
    notice = replay_notice(after)
    lines += [f"{_PREFIX} {notice}"] * bool(notice and not (before and replay_notice(before) == notice))
    lines += [_run_line(after, run) for run in changed]
    if after.execution.status.ended and not (before and before.execution.status.ended):
        lines.append(_ended(after))
    return tuple(lines)


def _told(run: NodeRun) -> tuple[str, int]:
    return (run.status.value, run.attempt if run.status is NodeStatus.RUNNING else 0)


def _started(view: ExecutionView) -> str:
    execution = view.execution
    name = one_line(execution.workflow_name or execution.workflow_id, 80)
    nodes, runs = plural(len({run.node for run in view.runs}), "node"), counted_runs(len(view.runs), view)
    counts = nodes if nodes == runs else f"{nodes}, {runs}"
    return f"{_PREFIX} {name}: execution {execution.number}, {counts}, {execution.id}"


def _run_line(view: ExecutionView, run: NodeRun) -> str:
    width = min(32, max((len(one_line(other.key, 60)) for other in view.runs), default=0))
    words = [f"{_PREFIX} {one_line(run.key, 60):<{width}}", f"{run.status.value:<9}"]
    seconds = run_seconds(run, view)
    if run.status.settled and seconds is not None:
        words.append(human_duration(seconds))
    words += _details(view, run)
    return "  ".join(words).rstrip()


def _details(view: ExecutionView, run: NodeRun) -> list[str]:
    if run.status is NodeStatus.WAITING:
        return [f"{d.question} {how_to_approve(view, d)}" for d in decisions(view) if d.run.index == run.index]
    if run.status is NodeStatus.RUNNING and run.attempt > 1:
        return [f"attempt {run.attempt}"]
    outcome = run.outcome
    if run.status is NodeStatus.FAILED and outcome:
        allowed = ["(allowed to fail)"] if tolerated(run) else []
        return [*allowed, one_line(outcome.message, 200)]
    return [left_behind(run)]


def _ended(view: ExecutionView) -> str:
    numbers = figures(view)
    took = f" in {human_duration(numbers.seconds)}" if numbers.seconds is not None else ""
    spent = "".join(f", {each}" for each in spending(view)) if numbers.budget or not view.replayed else ""
    return f"{_PREFIX} {view.execution.status.value}{took}{spent}: {one_line(sentence(view), 300)}"
