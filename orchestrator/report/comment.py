"""The one pull-request comment of an execution, and how it is found again."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from orchestrator.report.overview import overview
from orchestrator.report.parts import MAX_BYTES, Part, size, to_markdown
from orchestrator.report.results import results
from orchestrator.report.view import ExecutionView

_SHOWN = re.compile(r"<!-- mycelium:execution (\S+) -->")


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


def comment_parts(view: ExecutionView, *, room: int | None = None) -> tuple[Part, ...]:
    """What the comment says, most urgent first: the order in which it is cut. `room` is as in `results`."""
    first = overview(view)
    return (*first, *results(view, room=room and max(0, room - sum(map(size, first)))))
