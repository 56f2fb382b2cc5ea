"""Check runs: conclusion, output and annotations, within the limits of GitHub's REST API.

https://docs.github.com/en/rest/checks/runs: `summary` and `text` hold 65,535 characters each, a title 255, one
request 50 annotations, a check run 3 buttons; lines of an annotation count from 1, columns only stand where it covers
one line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.execution.state import Annotation, ExecutionStatus, FailureClass, NodeRun, NodeStatus
from orchestrator.report.comment import Part, comment_parts, to_markdown
from orchestrator.report.duration import human_duration
from orchestrator.report.failure_tail import failure_tail
from orchestrator.report.figures import REPLAY_NOTICE, purpose, run_seconds, sentence, tolerated
from orchestrator.report.markdown_safety import fenced, safe_code, safe_inline, safe_markdown, safe_message
from orchestrator.report.plain_text import clip, code_spans, one_line, visible
from orchestrator.report.view import ExecutionView

MAX_TEXT = 65_000
ANNOTATIONS_A_REQUEST = 50
_MAX_TITLE = 255
_MAX_MESSAGE = 60_000
_LEVELS = frozenset({"notice", "warning", "failure"})


class CheckStatus(StrEnum):
    """What a client may set."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class Conclusion(StrEnum):
    """What a client may set; GitHub alone sets `stale`."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    TIMED_OUT = "timed_out"
    ACTION_REQUIRED = "action_required"


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckAnnotation:
    """An annotation that GitHub accepts."""

    path: str
    start_line: int
    end_line: int
    level: str
    message: str
    title: str = ""
    start_column: int | None = None
    end_column: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckAction:
    """A button, which GitHub shows once the run is completed; label and identifier hold 20 characters, a description
    40."""

    label: str
    description: str
    identifier: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRun:
    """One check run; `batches` are annotations for one request each (the first with the output itself)."""

    name: str
    external_id: str
    status: CheckStatus
    conclusion: Conclusion | None
    title: str
    summary: str
    text: str = ""
    batches: tuple[tuple[CheckAnnotation, ...], ...] = ()
    started_at: datetime | None = None
    completed_at: datetime | None = None
    details_url: str = ""
    actions: tuple[CheckAction, ...] = ()


_EXECUTION_CONCLUSIONS = {
    ExecutionStatus.COMPLETED: Conclusion.SUCCESS,
    ExecutionStatus.FAILED: Conclusion.FAILURE,
    ExecutionStatus.CANCELLED: Conclusion.CANCELLED,
    ExecutionStatus.WAITING: Conclusion.ACTION_REQUIRED,
}
_RUN_CONCLUSIONS = {
    NodeStatus.COMPLETED: Conclusion.SUCCESS,
    NodeStatus.FAILED: Conclusion.FAILURE,
    NodeStatus.CANCELLED: Conclusion.CANCELLED,
    NodeStatus.SKIPPED: Conclusion.SKIPPED,
    NodeStatus.WAITING: Conclusion.ACTION_REQUIRED,
}


def execution_check(view: ExecutionView) -> CheckRun:
    """The check run of the whole execution: the comment's content, and every node's annotations."""
    execution = view.execution
    conclusion = _EXECUTION_CONCLUSIONS.get(execution.status)
    head, *rest = comment_parts(view)
    return CheckRun(
        name=_name(execution.workflow_name or execution.workflow_id),
        external_id=execution.id,
        status=_status(conclusion, pending=execution.status is ExecutionStatus.PENDING),
        conclusion=conclusion,
        title=clip(one_line(sentence(view)), _MAX_TITLE),
        summary=_bounded([head], view),
        text=_bounded(rest, view),
        batches=batched([a for run in view.runs if run.outcome for a in run.outcome.annotations]),
        started_at=execution.started_at,
        completed_at=execution.completed_at if conclusion else None,
        details_url=view.links.page,
    )


def run_check(view: ExecutionView, run: NodeRun) -> CheckRun:
    """The check run of one node run."""
    conclusion = run_conclusion(run)
    return CheckRun(
        name=_name(f"{view.execution.workflow_name or view.execution.workflow_id} / {run.key}"),
        external_id=f"{view.execution.id}/{run.index}",
        status=_status(conclusion, pending=run.status in (NodeStatus.PENDING, NodeStatus.QUEUED)),
        conclusion=conclusion,
        title=clip(_run_title(view, run), _MAX_TITLE),
        summary=_run_summary(view, run),
        text=_run_text(view, run),
        batches=batched(run.outcome.annotations if run.outcome else ()),
        started_at=run.started_at,
        completed_at=run.completed_at if conclusion else None,
        details_url=view.links.page,
    )


def run_conclusion(run: NodeRun) -> Conclusion | None:
    """None while it runs or waits for its turn; `neutral` for a failure that `continue-on-error` allows."""
    if tolerated(run):
        return Conclusion.NEUTRAL
    failure = run.outcome.failure if run.outcome else None
    if run.status is NodeStatus.FAILED and failure in (FailureClass.TIMEOUT, FailureClass.IDLE):
        return Conclusion.TIMED_OUT
    return _RUN_CONCLUSIONS.get(run.status)


def batched(annotations: Sequence[Annotation]) -> tuple[tuple[CheckAnnotation, ...], ...]:
    """Annotations that name a file, cleaned, in groups of at most 50."""
    clean = [_annotation(annotation) for annotation in annotations if annotation.path]
    starts = range(0, len(clean), ANNOTATIONS_A_REQUEST)
    return tuple(tuple(clean[start : start + ANNOTATIONS_A_REQUEST]) for start in starts)


def _annotation(given: Annotation) -> CheckAnnotation:
    start = max(1, given.start_line)
    end = max(start, given.end_line)
    return CheckAnnotation(
        path=one_line(given.path, 1_000),
        start_line=start,
        end_line=end,
        level=given.level if given.level in _LEVELS else "notice",
        message=clip(visible(given.message), _MAX_MESSAGE // 4) or "(no message)",
        title=clip(one_line(given.title), _MAX_TITLE),
        start_column=given.start_column if start == end else None,
        end_column=given.end_column if start == end else None,
    )


def _name(text: str) -> str:
    return one_line(text, 120) or "Mycelium"


def _status(conclusion: Conclusion | None, *, pending: bool) -> CheckStatus:
    if conclusion:
        return CheckStatus.COMPLETED
    return CheckStatus.QUEUED if pending else CheckStatus.IN_PROGRESS


def _bounded(parts: Sequence[Part], view: ExecutionView) -> str:
    return to_markdown(parts, limit=MAX_TEXT, page=view.links.page)


def _run_title(view: ExecutionView, run: NodeRun) -> str:
    seconds = run_seconds(run, view)
    took = f" in {human_duration(seconds)}" if seconds is not None and run.status.settled else ""
    # GitHub shows a title as it is, backticks and all.
    message = "".join(piece for piece, _ in code_spans(one_line(run.outcome.message, 200))) if run.outcome else ""
    if run.status is NodeStatus.FAILED:
        return message or f"Failed{took}"
    if run.status is NodeStatus.WAITING:
        return "Waits for a person to decide"
    node = view.workflow.nodes.get(run.node)
    state = f"{run.status.value}{took}"
    return f"{one_line(node.name, 120)}: {state}" if node and node.name else state.capitalize()


def _run_summary(view: ExecutionView, run: NodeRun) -> str:
    lines = [f"{safe_inline(purpose(view.workflow.nodes.get(run.node)), 140) or 'node'}: {run.status.value}."]
    if run.outcome and run.outcome.message:
        lines.append(safe_message(run.outcome.message, 1_000))
    if view.is_replayed(run):
        lines.append(f"**{REPLAY_NOTICE}**")
    if run.outcome and run.outcome.sandbox:
        lines.append(f"Sandbox: {safe_code(run.outcome.sandbox, 20)}.")
    return "\n\n".join(lines)


def _run_text(view: ExecutionView, run: NodeRun) -> str:
    outcome = run.outcome
    answer = outcome.outputs.get("text") if outcome else None
    parts = [
        safe_markdown(answer, limit=24_000) if isinstance(answer, str) else "",
        safe_markdown(outcome.summary, limit=24_000) if outcome else "",
    ]
    tail = "\n".join(clip(line.text, 400) for line in failure_tail(view, run, 30))
    parts.append(fenced(clip(tail, 4_000), "text") if tail else "")
    return "\n\n".join(part for part in parts if part)
