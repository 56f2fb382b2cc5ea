"""The pull request of an execution, as its preview shows it: conversation, commits, checks, files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from orchestrator.definition.model import Skipped
from orchestrator.execution.state import Execution, NodeRun, NodeStatus
from orchestrator.report.check_run import MAX_TEXT, CheckRun, execution_check
from orchestrator.report.comment import comment_parts
from orchestrator.report.numbers import plural
from orchestrator.report.parts import Details, Graph, Notice, Paragraphs, to_markdown
from orchestrator.report.plain_text import one_line
from orchestrator.report.run_check import run_check
from orchestrator.report.view import ExecutionView
from orchestrator.site.diff import FileDiff


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewPart:
    """A part of the comment; `kind` is text, note, important, caution, graph or details."""

    kind: str
    markdown: str = ""
    title: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewCheck:
    """A check run with its place on the page; `state` is its conclusion, its status before one, or
    `skipped` for what is neutral because it did not run."""

    check: CheckRun
    anchor: str
    state: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequest:
    """Everything the preview shows. `verdict` sums the checks up; `head` is empty before there is a branch.

    `nothing` says why there is nothing to merge, where that is so. `commented_at` is the end, or else the start.
    """

    title: str
    base: str
    head: str
    nothing: str
    commented_at: datetime
    comment: tuple[PreviewPart, ...]
    whole: PreviewCheck
    checks: tuple[PreviewCheck, ...]
    verdict: str
    verdict_state: str
    files: tuple[FileDiff, ...]
    additions: int
    authors: tuple[str, ...]
    deletions: int


_WORDS = {
    "success": "successful",
    "failure": "failed",
    "timed_out": "timed out",
    "action_required": "needs a person",
    "in_progress": "in progress",
}
_BAD = ("failure", "timed_out")
_OPEN = ("action_required", "in_progress", "queued")


def pull_request(view: ExecutionView, anchors: Mapping[int, str], files: tuple[FileDiff, ...]) -> PullRequest:
    """`anchors` are the ids of the checks by index of node run; `files` are those of the whole diff."""
    execution = view.execution
    said = to_markdown(comment_parts(view)[:1], limit=MAX_TEXT)
    whole = _check(replace(execution_check(view), summary=said), "check-execution")
    checks = tuple(_check_of(view, run, anchors[run.index]) for run in view.runs)
    verdict, state = _verdict((whole, *checks))
    return PullRequest(
        title=one_line(execution.workflow_name or execution.workflow_id, 120),
        base=one_line(execution.branch, 120) or "the base branch",
        head=one_line(execution.result_branch or "", 120),
        nothing="" if view.commits else _nothing(execution),
        commented_at=execution.completed_at or execution.started_at or execution.created_at,
        comment=tuple(_part(part) for part in comment_parts(view)),
        whole=whole,
        checks=checks,
        verdict=verdict,
        verdict_state=state,
        files=files,
        authors=tuple(dict.fromkeys(one_line(commit.author_name, 60) for commit in view.commits)),
        additions=sum(file.additions for file in files),
        deletions=sum(file.deletions for file in files),
    )


def _nothing(execution: Execution) -> str:
    if execution.comparison:
        return "Nothing to show: the commits are no longer kept."
    if execution.status.ended:
        return "Nothing to merge: no node committed anything."
    return "Nothing to merge so far: there is a branch once it ends."


def _part(part: Paragraphs | Notice | Graph | Details) -> PreviewPart:
    match part:
        case Paragraphs(markdown=markdown):
            return PreviewPart(kind="text", markdown=markdown.replace("<sub>", "").replace("</sub>", ""))
        case Notice(kind=kind, markdown=markdown):
            return PreviewPart(kind=kind.lower(), markdown=markdown)
        case Graph():
            return PreviewPart(kind="graph")
        case Details(title=title, note=note, markdown=markdown):
            return PreviewPart(kind="details", title=one_line(title), note=one_line(note), markdown=markdown)


def _check(check: CheckRun, anchor: str) -> PreviewCheck:
    state = check.conclusion.value if check.conclusion else check.status.value
    return PreviewCheck(check=check, anchor=anchor, state=state, label=_WORDS.get(state, state))


def _check_of(view: ExecutionView, run: NodeRun, anchor: str) -> PreviewCheck:
    check = _check(run_check(view, run), anchor)
    grey = run.status is NodeStatus.SKIPPED and check.state == Skipped.NEUTRAL.value
    return replace(check, state=run.status.value) if grey else check


def _verdict(checks: tuple[PreviewCheck, ...]) -> tuple[str, str]:
    bad = sum(1 for check in checks if check.state in _BAD)
    unfinished = sum(1 for check in checks if check.state in _OPEN)
    if bad:
        return f"{plural(bad, 'check')} of {len(checks)} failed", "failure"
    if unfinished:
        return f"{plural(unfinished, 'check')} of {len(checks)} not finished", "in_progress"
    return "All checks have passed", "success"
