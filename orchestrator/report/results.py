"""What an execution came to: what was published, the commits, what each agent said, the sums."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.definition.model import Agent, NodeKind
from orchestrator.execution.commit import Commit
from orchestrator.execution.state import NodeRun
from orchestrator.report.duration import human_duration
from orchestrator.report.figures import confinement, figures, run_cost, spending
from orchestrator.report.markdown_safety import safe_code, safe_inline, safe_markdown, safe_subject
from orchestrator.report.numbers import human_count, plural
from orchestrator.report.parts import Details, Paragraphs, Part, size
from orchestrator.report.published import published_list
from orchestrator.report.shares import fair_share
from orchestrator.report.view import ExecutionView

_RESULT_LIMIT, _LEAST_RESULT = 12_000, 300
_FRAME, _LAST_LINES = 200, 1_000
"""Bytes that a collapsed section takes besides its text, and what is kept for the lines after the last of them."""


def results(view: ExecutionView, *, room: int | None = None) -> tuple[Part, ...]:
    """The commits, what each agent said, and the sums.

    In `room` bytes all agents get the same share, and none is rendered that would not fit.
    """
    return tuple(part for part in _results(view, room) if part)


def _results(view: ExecutionView, room: int | None) -> Iterator[Part | None]:
    left = published_list(view)
    first = [part for part in (Paragraphs(markdown=left) if left else None, _commits(view)) if part]
    yield from first
    yield from _said(view, None if room is None else room - sum(map(size, first)) - _LAST_LINES)
    yield Paragraphs(markdown=_footer(view))


def _said(view: ExecutionView, room: int | None) -> Iterator[Part]:
    """What agents said, a section each; in `room` bytes as many as have a share that says something."""
    spoken = [run for run in view.runs if _agent_text(run)]
    shown, share = spoken, _RESULT_LIMIT
    if room is not None:
        shown = spoken[: max(1, room // (_LEAST_RESULT + _FRAME))]
        share = fair_share(room - _FRAME * len(shown), [len(_agent_text(run).encode()) for run in shown])
    limit = min(_RESULT_LIMIT, max(_LEAST_RESULT, share))
    yield from (_result(view, run, limit) for run in shown)
    if more := len(spoken) - len(shown):
        yield Paragraphs(markdown=f"*and {plural(more, 'result')} more*")


def _commits(view: ExecutionView) -> Part | None:
    if not view.commits:
        return None
    branch = view.execution.result_branch
    title = f"**{plural(len(view.commits), 'commit')}**" + (f" on {safe_code(branch, 100)}" if branch else "")
    rows = [_commit_line(commit) for commit in view.commits[-50:]]
    return Paragraphs(markdown="\n".join([f"{title}\n", *rows]))


def _commit_line(commit: Commit) -> str:
    added = sum(change.additions or 0 for change in commit.changes)
    removed = sum(change.deletions or 0 for change in commit.changes)
    counts = f" (+{added} −{removed})" if commit.changes else ""
    return f"- `{commit.sha[:8]}` {safe_subject(commit.subject, 100)}: {safe_inline(commit.author_name, 60)}{counts}"


def _agent_text(run: NodeRun) -> str:
    text = run.outcome.outputs.get("text") if run.outcome else None
    return text if isinstance(text, str) and text.strip() else ""


def _result(view: ExecutionView, run: NodeRun, limit: int) -> Part:
    node = view.workflow.nodes.get(run.node)
    action = node.action if node else None
    words = [action.agent] if isinstance(action, Agent) else []
    words += [run_cost(run)] if run_cost(run) else []
    return Details(title=run.key, note=", ".join(words), markdown=safe_markdown(_agent_text(run), limit=limit))


def _footer(view: ExecutionView) -> str:
    numbers = figures(view)
    words = [numbers.counted]
    if numbers.seconds is not None:
        words.append(human_duration(numbers.seconds))
    if numbers.tokens and not numbers.limits("tokens"):
        words.append(f"{human_count(numbers.tokens)} tokens")
    words += spending(view)
    kinds = {view.workflow.nodes[run.node].kind for run in view.runs if run.node in view.workflow.nodes}
    words += ["no agents"] * (NodeKind.AGENT not in kinds)
    words.append(confinement(view))
    return f"<sub>{' · '.join(word for word in words if word)}</sub>"
