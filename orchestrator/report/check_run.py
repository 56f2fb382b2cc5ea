"""Check runs: conclusion, output and annotations, within the limits of GitHub's REST API.

https://docs.github.com/en/rest/checks/runs: `summary` and `text` hold 65,535 characters each, a title 255, one
request 50 annotations, a check run 3 buttons; lines of an annotation count from 1, columns only stand where it covers
one line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from itertools import islice

from orchestrator.execution.outcome import Annotation
from orchestrator.execution.state import ExecutionStatus
from orchestrator.report.figures import sentence
from orchestrator.report.markdown_safety import safe_inline
from orchestrator.report.numbers import human_count
from orchestrator.report.overview import overview
from orchestrator.report.parts import Paragraphs, Part, to_markdown
from orchestrator.report.plain_text import clip, one_line, visible
from orchestrator.report.results import results
from orchestrator.report.view import ExecutionView

MAX_TEXT = 65_000
ANNOTATIONS_A_REQUEST = 50
MAX_TITLE = 255
MAX_BATCHES = 4
"""Of annotations in one check run: each is a request of its own, and GitHub shows few of so many."""
MAX_ANNOTATIONS = MAX_BATCHES * ANNOTATIONS_A_REQUEST
_MAX_NAME = 120
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
RERUN_FAILED = CheckAction(
    label="Run failed again", description="What failed, and all that follows", identifier="rerun-failed"
)


def execution_check(
    view: ExecutionView, *, apart: Collection[int] = (), buttons: bool = False, links: bool = True
) -> CheckRun:
    """The check run of the whole execution: the comment's content, and the annotations of its nodes.

    `apart` are the indexes of node runs with a check run of their own: their annotations stand there, and GitHub would
    show them twice. `buttons` says that they work, `links` that a details link leads where it says.
    """
    execution = view.execution
    conclusion = _EXECUTION_CONCLUSIONS.get(execution.status)
    failed = execution.status is ExecutionStatus.FAILED
    noted = [a for run in view.runs if run.outcome and run.index not in apart for a in run.outcome.annotations]
    batches = batched(noted, most=MAX_BATCHES)
    left_out = shown_of(sum(map(len, batches)), noted, "their logs") if execution.status.ended else ""
    said = [Paragraphs(markdown=left_out)] if left_out else []
    return CheckRun(
        name=check_name(view),
        external_id=execution.id,
        status=check_status(conclusion, pending=execution.status is ExecutionStatus.PENDING),
        conclusion=conclusion,
        title=clip(one_line(sentence(view)), MAX_TITLE),
        summary=bounded(overview(view), view),
        text=bounded((*said, *results(view, room=MAX_TEXT)), view),
        batches=batches,
        started_at=execution.started_at,
        completed_at=execution.completed_at if conclusion else None,
        details_url=view.links.page if links else "",
        actions=(RERUN_FAILED,) if buttons and failed else (),
    )


def check_name(view: ExecutionView, key: str = "") -> str:
    """What stands in the list of checks: the workflow, and the node run. Two that differ never look the same."""
    whole = view.execution.workflow_name or view.execution.workflow_id
    text = f"{whole} / {key}" if key else whole
    shown = one_line(text, _MAX_NAME) or "Mycelium"
    return shown if shown == text else f"{shown} ({sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:6]})"


def check_status(conclusion: Conclusion | None, *, pending: bool) -> CheckStatus:
    if conclusion:
        return CheckStatus.COMPLETED
    return CheckStatus.QUEUED if pending else CheckStatus.IN_PROGRESS


def batched(annotations: Iterable[Annotation], *, most: int | None = None) -> tuple[tuple[CheckAnnotation, ...], ...]:
    """Annotations that name a file, cleaned, in groups of at most 50, and no more than `most` groups."""
    named = (annotation for annotation in annotations if annotation.path)
    clean = [_annotation(annotation) for annotation in islice(named, most and most * ANNOTATIONS_A_REQUEST)]
    starts = range(0, len(clean), ANNOTATIONS_A_REQUEST)
    return tuple(tuple(clean[start : start + ANNOTATIONS_A_REQUEST]) for start in starts)


def shown_of(shown: int, annotations: Iterable[Annotation], where: str) -> str:
    """A sentence, where fewer are shown than there are; `where` the others stand."""
    there = sum(bool(each.path) for each in annotations)
    if not 0 < shown < there:
        return ""
    return f"*{human_count(shown)} of {human_count(there)} annotations are shown; the others stand in {where}.*"


def _annotation(given: Annotation) -> CheckAnnotation:
    start = max(1, given.start_line)
    end = max(start, given.end_line)
    return CheckAnnotation(
        path=one_line(given.path, 1_000),
        start_line=start,
        end_line=end,
        level=given.level if given.level in _LEVELS else "notice",
        message=clip(visible(given.message), _MAX_MESSAGE // 4) or "(no message)",
        title=clip(one_line(given.title), MAX_TITLE),
        start_column=given.start_column if start == end else None,
        end_column=given.end_column if start == end else None,
    )


def bounded(parts: Sequence[Part], view: ExecutionView) -> str:
    """What a summary or a text holds of them, in bytes: GitHub says characters, and counts bytes."""
    return to_markdown(parts, limit=MAX_TEXT, page=view.links.page) if parts else ""


def without_content(check: CheckRun, reason: str) -> CheckRun:
    """What is left where GitHub will not have what a check run says: that it has ended, and how."""
    said = f"What it says could not be shown: GitHub refused it ({safe_inline(reason, 300)})."
    return replace(check, summary=said, text="", batches=(), actions=())
