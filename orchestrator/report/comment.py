"""The one pull-request comment of an execution, in parts that GitHub's Markdown and our own pages both render."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

from orchestrator.definition.model import Agent, NodeKind
from orchestrator.execution.state import Commit, ExecutionStatus, NodeRun, NodeStatus
from orchestrator.report.attention import decisions, rerun_command, takes_comments
from orchestrator.report.duration import human_duration
from orchestrator.report.failure_tail import failure_tail
from orchestrator.report.figures import (
    confinement,
    failures,
    figures,
    purpose,
    replay_notice,
    run_seconds,
    sentence,
    spending,
    tolerated,
    version_notice,
)
from orchestrator.report.markdown_safety import (
    fenced,
    safe_code,
    safe_html,
    safe_inline,
    safe_markdown,
    safe_message,
    safe_subject,
)
from orchestrator.report.mermaid import flowchart
from orchestrator.report.numbers import human_cost, human_count, plural
from orchestrator.report.plain_text import clip
from orchestrator.report.published import published_list
from orchestrator.report.shares import fair_share
from orchestrator.report.view import ExecutionView

MAX_BYTES = 65_000
"""GitHub refuses bodies of more than 65,536 characters; bytes are never fewer."""

_SHOWN = re.compile(r"<!-- mycelium:execution (\S+) -->")
_ROWS = 120
_RESULT_LIMIT, _LEAST_RESULT = 12_000, 300
_FRAME, _LAST_LINES = 200, 1_000
"""Bytes that a collapsed section takes besides its text, and what is kept for the lines after the last of them."""
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraphs:
    """Plain Markdown."""

    markdown: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A coloured box: GitHub's alert of that kind."""

    kind: Literal["NOTE", "IMPORTANT", "CAUTION"]
    markdown: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """The Mermaid source of the graph."""

    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Details:
    """A collapsed section; `title` and `note` are plain text, not yet escaped."""

    title: str
    note: str
    markdown: str


Part = Paragraphs | Notice | Graph | Details


def marker(workflow_id: str) -> str:
    """The hidden line by which our comment is found again; an id cannot end the HTML comment."""
    return f"<!-- mycelium:comment workflow={quote(workflow_id, safe='/').replace('--', '%2D%2D')} -->"


def newest_marker(execution_id: str) -> str:
    """The second hidden line, which says what the comment shows: a newer execution takes it over, no older one does."""
    return f"<!-- mycelium:execution {quote(execution_id, safe='').replace('--', '%2D%2D')} -->"


def is_comment_of(body: str, workflow_id: str) -> bool:
    """Whether a comment is the one of a workflow; who wrote it is for the caller to look at."""
    return body.split("\n", 1)[0].strip() == marker(workflow_id)


def shown_execution(body: str) -> str:
    """The id of the execution that a comment of ours shows; empty where it does not say."""
    found = _SHOWN.match("\n".join(body.splitlines()[1:2]))
    return unquote(found[1]) if found else ""


def comment(view: ExecutionView, *, limit: int = MAX_BYTES) -> str:
    """The comment's Markdown with its markers, at most `limit` UTF-8 bytes, cut between sections."""
    execution = view.execution
    first = f"{marker(execution.workflow_id)}\n{newest_marker(execution.id)}"
    parts = comment_parts(view, room=limit - len(first.encode()))
    return to_markdown(parts, limit=limit, first=first, page=view.links.page)


def to_markdown(parts: Sequence[Part], *, limit: int, first: str = "", page: str = "") -> str:
    """Parts as GitHub-flavoured Markdown; those that do not fit are left out and counted in a last line."""
    rest = f" See [the whole execution]({quote(page, safe=_URL_SAFE)})." if page else ""
    room = limit - len(f"\n\n*999 sections are left out here.{rest}*".encode())
    kept, used, dropped = [first] if first else [], len(first.encode()), 0
    for part in parts:
        size = _size(part)
        if used + size <= room:
            kept.append(_rendered(part))
            used += size
        else:
            dropped += 1
    if dropped:
        kept.append(f"*{plural(dropped, 'section')} {'is' if dropped == 1 else 'are'} left out here.{rest}*")
    return "\n\n".join(kept) + "\n"


_URL_SAFE = ":/?#&=%.~-_"


def _size(part: Part) -> int:
    """Bytes, with the empty line behind it."""
    return len(_rendered(part).encode()) + 2


def _rendered(part: Part) -> str:
    match part:
        case Paragraphs(markdown=markdown):
            return markdown
        case Notice(kind=kind, markdown=markdown):
            return "\n".join(f"> {line}".rstrip() for line in [f"[!{kind}]", *markdown.split("\n")])
        case Graph(source=source):
            return f"```mermaid\n{source}\n```"
        case Details(title=title, note=note, markdown=markdown):
            summary = f"<b>{safe_html(title)}</b> {safe_html(note)}".rstrip()
            return f"<details>\n<summary>{summary}</summary>\n\n{markdown}\n\n</details>"


def comment_parts(view: ExecutionView, *, room: int | None = None) -> tuple[Part, ...]:
    """What the comment says, most urgent first: the order in which it is cut. `room` is as in `results`."""
    first = overview(view)
    return (*first, *results(view, room=room and max(0, room - sum(map(_size, first)))))


def overview(view: ExecutionView) -> tuple[Part, ...]:
    """The state, what a person has to do, what failed first, the graph and the table."""
    return tuple(part for part in _overview(view) if part)


def results(view: ExecutionView, *, room: int | None = None) -> tuple[Part, ...]:
    """The commits, what each agent said, and the sums.

    In `room` bytes all agents get the same share, and none is rendered that would not fit.
    """
    return tuple(part for part in _results(view, room) if part)


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


def _results(view: ExecutionView, room: int | None) -> Iterator[Part | None]:
    left = published_list(view)
    first = [part for part in (Paragraphs(markdown=left) if left else None, _commits(view)) if part]
    yield from first
    yield from _said(view, None if room is None else room - sum(map(_size, first)) - _LAST_LINES)
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
    verb = "Comment" if takes_comments(view) else "Type"
    return f" {verb} {safe_code(rerun_command(view), 200)} to run again what failed and all that follows."


def _linked(text: str, address: str) -> str:
    return f"[{text}]({quote(address, safe=_URL_SAFE)})" if address else text


def _asked(view: ExecutionView) -> Iterator[Part]:
    for decision in decisions(view):
        until = f"\n\n*Without an answer it is {decision.deadline}.*" if decision.deadline else ""
        yield Notice(
            kind="IMPORTANT",
            markdown=f"**{safe_inline(decision.question, 300)}** "
            f"Answer {'with a comment' if decision.commented else 'in a terminal'}:\n\n"
            f"{fenced(decision.typed[0])}\n\nor\n\n{fenced(decision.typed[1])}{until}",
        )


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
    priced = any(_cost(run) for run in chosen)
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


def _cost(run: NodeRun) -> str:
    usage = run.outcome.usage if run.outcome else None
    return human_cost(usage.cost_usd, usage.cost_estimated) if usage and usage.cost_usd is not None else ""


def _row(view: ExecutionView, run: NodeRun, *, priced: bool) -> str:
    seconds = run_seconds(run, view)
    cells = (
        STATUS_EMOJI[run.status],
        f"**{safe_inline(run.key, 60)}**",
        safe_inline(purpose(view.workflow.nodes.get(run.node)), 80),
        human_duration(seconds) if seconds is not None else "",
        *([_cost(run)] if priced else []),
        _result_cell(run),
    )
    return "| " + " | ".join(cells) + " |"


def _result_cell(run: NodeRun) -> str:
    outcome, words = run.outcome, []
    if run.status is NodeStatus.FAILED:
        words.append("failed, and may" if tolerated(run) else safe_message(outcome.message if outcome else "", 80))
    if run.status is NodeStatus.RUNNING and run.attempt > 1:
        words.append(f"attempt {run.attempt}")
    if run.decided_by:
        words.append(f"by {safe_inline(run.decided_by, 40)}")
    if outcome and outcome.commit:
        words.append(f"`{outcome.commit[:8]}`")
    if outcome and outcome.changes:
        words.append(plural(len(outcome.changes), "file"))
    if outcome and outcome.discarded:
        words.append(f"{plural(outcome.discarded, 'changed file')} discarded")
    return ", ".join(word for word in words if word) or run.status.value


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
    words += [_cost(run)] if _cost(run) else []
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
