"""One execution in a terminal: how it stands, each node with what it left, and what to type next."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.cli import published
from orchestrator.cli.console import Console, printable
from orchestrator.execution.state import Execution, NodeRun, NodeStatus
from orchestrator.report.attention import decisions, diff_command
from orchestrator.report.duration import human_duration
from orchestrator.report.figures import figures, left_behind, replay_notice, run_seconds, sentence, version_notice
from orchestrator.report.view import ExecutionView

INTERRUPTED = "interrupted"


def show(seen: ExecutionView, console: Console, *, interrupted: bool) -> None:
    """Print all of it. Of an interrupted execution nothing runs, and no time passes for it."""
    execution = seen.execution
    console.line(f"{console.styled(execution.workflow_name, bold=True)} #{execution.number}  {execution.id}")
    console.line(printable(_standing(seen, interrupted)))
    if seen.last_valid:
        console.line(version_notice(seen))
    if seen.replayed:
        console.line(replay_notice(seen))
    if execution.result_branch:
        console.line(printable(f"Branch {execution.result_branch}: {diff_command(execution)}"))
    if interrupted:
        console.line(f"Nobody runs it now: mycelium executions resume {execution.id}")
    console.line()
    rows = [_row(run, seen, interrupted) for run in seen.runs]
    console.table(("NODE", "STATUS", "TOOK", "ERROR", "MESSAGE"), rows)
    if seen.publications:
        console.line()
        published.say(console, seen)
    for decision in decisions(seen):
        console.line()
        console.line(printable(decision.question))
        console.line(f"  {decision.approve}")


def status_of(execution: Execution, interrupted: bool) -> str:
    """The status, and that nobody brings it about where that is so."""
    return f"{execution.status.value} ({INTERRUPTED})" if interrupted else execution.status.value


def _standing(seen: ExecutionView, interrupted: bool) -> str:
    """`completed in 1m 2s: All 10 nodes completed.`"""
    seconds = figures(seen).seconds
    if interrupted:
        stopped = tuple(run for run in seen.runs if run.status is not NodeStatus.RUNNING)
        idle = [replace(run, status=NodeStatus.QUEUED) for run in seen.runs if run.status is NodeStatus.RUNNING]
        return f"{status_of(seen.execution, interrupted)}: {sentence(replace(seen, runs=(*stopped, *idle)))}"
    how_long = "in" if seen.execution.status.ended else "for"
    took = "" if seconds is None else f" {how_long} {human_duration(seconds)}"
    budget = "".join(f", {each.text}" for each in figures(seen).budget)
    return f"{seen.execution.status.value}{took}{budget}: {sentence(seen)}"


def _row(run: NodeRun, seen: ExecutionView, interrupted: bool) -> tuple[str, str, str, str, str]:
    if interrupted and run.status is NodeStatus.RUNNING:
        return (run.key, INTERRUPTED, "", "", "")
    seconds = run_seconds(run, seen)
    took = "" if seconds is None else human_duration(seconds)
    return (run.key, run.status.value, took, run.error_code or "", _message(run))


def _message(run: NodeRun) -> str:
    said = run.outcome.message.splitlines() if run.outcome else []
    return said[0] if said else left_behind(run)
