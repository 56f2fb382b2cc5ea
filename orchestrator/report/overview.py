"""What people look for first in a report: the state, what they have to do, what failed, the graph, the table."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from orchestrator.execution.state import ExecutionStatus, NodeRun, NodeStatus
from orchestrator.report.attention import START_ANEW, Decision, decisions, is_lost, rerun_commands, takes_comments
from orchestrator.report.duration import human_duration
from orchestrator.report.failure_tail import failure_tail
from orchestrator.report.figures import (
    failures,
    purpose,
    replay_notice,
    run_cost,
    run_seconds,
    sentence,
    tolerated,
    version_notice,
)
from orchestrator.report.markdown_safety import fenced, safe_code, safe_inline, safe_message
from orchestrator.report.mermaid import flowchart
from orchestrator.report.numbers import plural
from orchestrator.report.parts import URL_SAFE, Graph, Notice, Paragraphs, Part
from orchestrator.report.plain_text import clip
from orchestrator.report.view import ExecutionView

_ROWS = 120
_TAIL_LINES = 12

STATUS_EMOJI = {
    NodeStatus.PENDING: "⚪",
    NodeStatus.QUEUED: "⚪",
    NodeStatus.RUNNING: "🟣",
    NodeStatus.WAITING: "🟡",
    NodeStatus.COMPLETED: "✅",
    NodeStatus.FAILED: "❌",
    NodeStatus.SKIPPED: "➖",
    NodeStatus.CANCELLED: "🚫",
}
_EXECUTION_EMOJI = {
    ExecutionStatus.PENDING: "⚪",
    ExecutionStatus.RUNNING: "🟣",
    ExecutionStatus.WAITING: "🟡",
    ExecutionStatus.COMPLETED: "✅",
    ExecutionStatus.FAILED: "❌",
    ExecutionStatus.CANCELLED: "🚫",
}


_LOOKED_FOR = {NodeStatus.FAILED: 0, NodeStatus.WAITING: 1, NodeStatus.RUNNING: 2}


def overview(view: ExecutionView) -> tuple[Part, ...]:
    """The state, what a person has to do, what failed first, the graph and the table."""
    return tuple(part for part in _overview(view) if part)


def _overview(view: ExecutionView) -> Iterator[Part | None]:
    yield Paragraphs(markdown=_heading(view))
    if view.replayed:
        said = safe_inline(replay_notice(view), 300)
        yield Notice(kind="NOTE", markdown=f"**{said}** What agents say and change here comes from transcripts.")
    if version := version_notice(view):
        yield Notice(kind="NOTE", markdown=safe_inline(version, 300))
    yield from _asked(view)
    yield from (_failure(view, run) for run in failures(view)[:5])
    yield _graph(view)
    yield Paragraphs(markdown=_table(view))


def _heading(view: ExecutionView) -> str:
    execution = view.execution
    title = safe_inline(execution.workflow_name or execution.workflow_id, 100)
    where = f" on {safe_code(execution.branch, 100)}" if execution.branch else ""
    job = f" {_linked('The job that ran it.', view.links.job)}" if view.links.job else ""
    return (
        f"### {_EXECUTION_EMOJI[execution.status]} {title}: {execution.status.value}\n\n"
        f"{safe_inline(sentence(view), 300)} Execution {_linked(f'{execution.number}', view.links.page)} "
        f"of {safe_code(execution.workflow_id, 100)}{where}.{job}{_again(view)}"
    )


def _again(view: ExecutionView) -> str:
    """How people have another try."""
    if view.execution.status is not ExecutionStatus.FAILED:
        return ""
    if is_lost(view):
        return f" {START_ANEW}"
    verb = "Comment" if takes_comments(view) else "In a clone, type" if view.links.pull else "Type"
    typed = ", then ".join(safe_code(each, 400) for each in rerun_commands(view))
    return f" {verb} {typed} to run again what failed and all that follows."


def _linked(text: str, address: str) -> str:
    return f"[{text}]({quote(address, safe=URL_SAFE)})" if address else text


def _asked(view: ExecutionView) -> Iterator[Part]:
    for decision in decisions(view):
        nobody = is_lost(view) and not decision.commented
        how = f"Nobody can answer. {START_ANEW}" if nobody else _answered(decision)
        yield Notice(kind="IMPORTANT", markdown=f"**{safe_inline(decision.question, 300)}** {how}")


def _answered(decision: Decision) -> str:
    where, first = "with a comment" if decision.commented else "in a terminal", ""
    if decision.pull and not decision.commented:
        where, first = "in a terminal, in a clone", f"{fenced(decision.pull)}\n\nand then\n\n"
    until = f"\n\n*Without an answer it is {decision.deadline}.*" if decision.deadline else ""
    return f"Answer {where}:\n\n{first}{fenced(decision.typed[0])}\n\nor\n\n{fenced(decision.typed[1])}{until}"


def _failure(view: ExecutionView, run: NodeRun) -> Part:
    message = run.outcome.message if run.outcome else ""
    code = f" {safe_code(run.error_code, 60)}" if run.error_code else ""
    lines = [clip(line.text, 400) for line in failure_tail(view, run, _TAIL_LINES)]
    tail = f"\n\n{fenced(clip(chr(10).join(lines), 4_000), 'text')}" if lines else ""
    return Notice(
        kind="CAUTION", markdown=f"**{safe_inline(run.key, 100)} failed**{code} {safe_message(message, 400)}{tail}"
    )


def _graph(view: ExecutionView) -> Part | None:
    source = flowchart(view, limit=20_000)
    return Graph(source=source) if source else None


def _table(view: ExecutionView) -> str:
    chosen = _most_telling(view)
    priced = any(run_cost(run) for run in chosen)
    rows = [_row(view, run, priced=priced) for run in chosen]
    left = len(view.runs) - len(rows)
    more = f"\n\n*and {plural(left, 'node run')} more*" if left > 0 else ""
    head = ["| | Node | What | Time | Result |", "| --- | --- | --- | ---: | --- |"]
    if priced:
        head = ["| | Node | What | Time | Cost | Result |", "| --- | --- | --- | ---: | ---: | --- |"]
    return "\n".join([*head, *rows]) + more


def _most_telling(view: ExecutionView) -> list[NodeRun]:
    """All of them where there is room, else first those that people look for; in the order of the graph."""
    if len(view.runs) <= _ROWS:
        return list(view.runs)
    first = sorted(view.runs, key=lambda run: (_LOOKED_FOR.get(run.status, len(_LOOKED_FOR)), run.index))
    return sorted(first[:_ROWS], key=lambda run: run.index)


def _row(view: ExecutionView, run: NodeRun, *, priced: bool) -> str:
    seconds = run_seconds(run, view)
    cells = (
        STATUS_EMOJI[run.status],
        f"**{safe_inline(run.key, 60)}**",
        safe_inline(purpose(view.workflow.nodes.get(run.node)), 80),
        human_duration(seconds) if seconds is not None else "",
        *([run_cost(run)] if priced else []),
        _result_cell(run),
    )
    return "| " + " | ".join(cells) + " |"


def _result_cell(run: NodeRun) -> str:
    outcome, words = run.outcome, []
    if run.status is NodeStatus.FAILED:
        words.append("failed, allowed" if tolerated(run) else safe_message(outcome.message if outcome else "", 80))
    if run.status is NodeStatus.RUNNING and run.attempt > 1:
        words.append(f"attempt {run.attempt}")
    if run.decided_by and (run.status is not NodeStatus.FAILED or tolerated(run)):
        words.append(f"by {safe_inline(run.decided_by, 40)}")
    if outcome and outcome.commit:
        words.append(f"`{outcome.commit[:8]}`")
    if outcome and outcome.changes:
        words.append(plural(len(outcome.changes), "file"))
    if outcome and outcome.discarded:
        words.append(f"{plural(outcome.discarded, 'changed file')} discarded")
    return ", ".join(word for word in words if word) or run.status.value
