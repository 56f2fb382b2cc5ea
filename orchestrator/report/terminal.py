"""The live view of an execution on a terminal, as a rich renderable.

A pure function of a view and recent log lines: the caller owns the terminal, refreshes, and passes the time in the
view. All foreign text goes through `Text`, never through rich's markup.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrator.definition.model import Node
from orchestrator.execution.failure import SHORT_OF_BUDGET
from orchestrator.execution.log_line import LogLine
from orchestrator.execution.state import ExecutionStatus, NodeRun, NodeStatus
from orchestrator.report.attention import decisions
from orchestrator.report.duration import clock_duration, human_duration
from orchestrator.report.figures import (
    figures,
    purpose,
    replay_notice,
    run_seconds,
    sentence,
    spending,
    tolerated,
)
from orchestrator.report.grouping import NodeGroup, node_groups
from orchestrator.report.numbers import plural
from orchestrator.report.plain_text import clip, one_line
from orchestrator.report.view import ExecutionView

_GLYPHS = {
    NodeStatus.PENDING: ("○", "bright_black"),
    NodeStatus.QUEUED: ("○", "default"),
    NodeStatus.RUNNING: ("●", "magenta"),
    NodeStatus.WAITING: ("◆", "yellow"),
    NodeStatus.COMPLETED: ("✓", "green"),
    NodeStatus.FAILED: ("✗", "red"),
    NodeStatus.SKIPPED: ("–", "bright_black"),
    NodeStatus.CANCELLED: ("⊘", "bright_black"),
}
_TITLE_STYLES = {
    ExecutionStatus.COMPLETED: "green",
    ExecutionStatus.FAILED: "red",
    ExecutionStatus.WAITING: "yellow",
    ExecutionStatus.CANCELLED: "bright_black",
}
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_FRAMES_A_SECOND = 8
_KEY_WIDTH = 30
_FOLD_AFTER = 8


def terminal_view(
    view: ExecutionView, *, lines: Sequence[LogLine] = (), width: int = 80, height: int = 24
) -> RenderableType:
    """The tree for a terminal of `width` columns and `height` rows; `lines` are recent log lines, oldest first."""
    latest = {line.run: line for line in lines}
    top, bottom = _title(view, width), _bottom(view, width)
    room = max(3, height - len(top) - len(bottom) - 1)
    return Group(*top, *_rows(view, latest, width, room), *bottom)


def _title(view: ExecutionView, width: int) -> list[Text]:
    execution, seconds = view.execution, figures(view).seconds
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(one_line(execution.workflow_name or execution.workflow_id, 60), "bold")
    text.append(f"  #{execution.number}", "bright_black")
    text.append(f"  {execution.status.value}", _TITLE_STYLES.get(execution.status, "magenta"))
    text.append(f"  {clock_duration(seconds or 0)}", "bright_black")
    text.truncate(width)
    notice = replay_notice(view)
    return [text, *[Text(notice, "yellow", no_wrap=True, overflow="ellipsis")] * bool(notice)]


def _rows(view: ExecutionView, latest: dict[int, LogLine], width: int, room: int) -> list[Text]:
    groups = node_groups(view)
    rows = [row for group in groups for row in _group_rows(view, group, latest, width)]
    if len(rows) <= room:
        return rows
    folded = [group for group in groups if group.status in (NodeStatus.COMPLETED, NodeStatus.SKIPPED)]
    rows = [row for group in groups if group not in folded for row in _group_rows(view, group, latest, width)]
    head = [Text(f"  ✓ {plural(len(folded), 'node')} done", "green")] if folded else []
    if len(rows) + len(head) > room:
        kept = max(1, room - len(head) - 1)
        rows = [*rows[:kept], Text(f"  … {len(rows) - kept} more lines", "bright_black")]
    return [*head, *rows]


def _group_rows(view: ExecutionView, group: NodeGroup, latest: dict[int, LogLine], width: int) -> list[Text]:
    node = view.workflow.nodes.get(group.node)
    if not group.is_matrix:
        return _run_rows(view, group.runs[0], node, latest.get(group.runs[0].index), (0, width))
    done = sum(1 for run in group.runs if run.status.settled)
    glyph, style = _glyph(group.status, view)
    head = Text("  ", no_wrap=True, overflow="ellipsis").append(f"{glyph} ", style)
    head.append(one_line(group.node, _KEY_WIDTH)).append(f"  {done} of {len(group.runs)}", "bright_black")
    if len(group.runs) > _FOLD_AFTER and all(run.status.settled for run in group.runs):
        return [head]
    rows = [row for run in group.runs for row in _run_rows(view, run, None, latest.get(run.index), (2, width))]
    return [head, *rows]


def _run_rows(
    view: ExecutionView, run: NodeRun, node: Node | None, line: LogLine | None, place: tuple[int, int]
) -> list[Text]:
    indent, width = place
    glyph, style = _glyph(run.status, view)
    keys = max((len(one_line(other.key, _KEY_WIDTH)) + 2 * bool(other.matrix) for other in view.runs), default=0)
    row = Text("  " + " " * indent, no_wrap=True, overflow="ellipsis").append(f"{glyph} ", style)
    row.append(f"{one_line(run.key, _KEY_WIDTH):<{max(1, keys - indent)}}", _key_style(run))
    seconds = run_seconds(run, view)
    took = "" if seconds is None else human_duration(seconds) if run.status.settled else clock_duration(seconds)
    row.append(f" {took:>8}", "bright_black")
    row.append(f"  {_note(run, node)}", "red" if run.status is NodeStatus.FAILED else "bright_black")
    row.truncate(width, overflow="ellipsis")
    if run.status is not NodeStatus.RUNNING or line is None:
        return [row]
    said = clip(one_line(line.text, width), max(8, width - indent - 6))
    return [row, Text(f"    {' ' * indent}{said}", "bright_black italic", no_wrap=True)]


def _glyph(status: NodeStatus, view: ExecutionView) -> tuple[str, str]:
    glyph, style = _GLYPHS[status]
    if status is NodeStatus.RUNNING:
        glyph = _FRAMES[int(view.now.timestamp() * _FRAMES_A_SECOND) % len(_FRAMES)]
    return glyph, style


def _key_style(run: NodeRun) -> str:
    return "bright_black" if run.status in (NodeStatus.PENDING, NodeStatus.SKIPPED, NodeStatus.CANCELLED) else "default"


def _note(run: NodeRun, node: Node | None) -> str:
    outcome, words = run.outcome, []
    if run.status is NodeStatus.FAILED:
        words.append("allowed to fail" if tolerated(run) else one_line(outcome.message if outcome else "", 120))
    elif run.status is NodeStatus.COMPLETED and outcome and outcome.commit:
        words.append(f"{plural(len(outcome.changes), 'file')}, {outcome.commit[:8]}")
    elif run.status is NodeStatus.QUEUED and run.error_code in SHORT_OF_BUDGET:
        words.append("waits for budget")
    elif run.status is NodeStatus.QUEUED and run.not_before and run.attempt:
        words.append(f"tries again after attempt {run.attempt}")
    else:
        words.append(purpose(node))
    if run.attempt > 1 and run.status is not NodeStatus.QUEUED:
        words.append(f"attempt {run.attempt}")
    return "  ".join(word for word in words if word)


def _bottom(view: ExecutionView, width: int) -> list[Text]:
    numbers = figures(view)
    cells = min(30, max(8, width - 50))
    filled = round(cells * numbers.settled / numbers.total) if numbers.total else 0
    bar = Text("\n  ", no_wrap=True, overflow="ellipsis")
    bar.append("━" * filled, "magenta").append("━" * (cells - filled), "bright_black")
    bar.append(f"  {numbers.settled} of {numbers.total}")
    for spent in spending(view):
        bar.append(f"  {spent}", "bright_black")
    asked = [text for decision in decisions(view) for text in _asked(decision.question, decision.approve)]
    ended = [Text(f"  {sentence(view)}", overflow="fold")] if view.execution.status.ended else []
    return [bar, *asked, *ended]


def _asked(question: str, command: str) -> list[Text]:
    return [Text(f"  ◆ {question}", "yellow"), Text(f"    {command}", "bold", overflow="fold")]
