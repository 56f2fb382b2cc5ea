"""What an execution published, or why not: in lines for a terminal, and as a list for GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from orchestrator.definition.publish import COMMITTING
from orchestrator.execution.publication import Publication, PublicationState
from orchestrator.report.markdown_safety import safe_inline, safe_message
from orchestrator.report.view import ExecutionView

_LABELS: Final = {
    PublicationState.PUBLISHED: "published",
    PublicationState.PLANNED: "to publish",
    PublicationState.WITHHELD: "not published",
    PublicationState.REFUSED: "refused",
    PublicationState.FAILED: "failed",
    PublicationState.SKIPPED: "not published",
    PublicationState.WITHDRAWN: "taken back",
}


def published_lines(seen: ExecutionView) -> Iterator[tuple[str, str]]:
    """A label and what it says, for each thing that was to leave."""
    for each in seen.publications:
        yield _LABELS[each.state], f"{each.target}: {_said(each, seen)}"


_SIGNS: Final = {
    PublicationState.PUBLISHED: "✅",
    PublicationState.WITHHELD: "➖",
    PublicationState.REFUSED: "🚫",
    PublicationState.FAILED: "❌",
}


def published_list(seen: ExecutionView) -> str:
    """Markdown: what left, and what did not although it was to; empty where there is nothing to tell."""
    rows = [_row(each) for each in seen.publications if each.state in _SIGNS]
    return "\n".join(["**Published**\n", *rows]) if rows else ""


def _row(found: Publication) -> str:
    name = safe_inline(found.target, 80)
    linked = f"[{name}]({quote(found.url, safe=':/?#&=%.~-_')})" if found.url else name
    words = [safe_inline(found.title, 100), safe_message(found.reason, 300)]
    said = "; ".join(word for word in words if word)
    return f"- {_SIGNS[found.state]} {linked}{f': {said}' if said else ''}"


def _said(found: Publication, seen: ExecutionView) -> str:
    words = [found.title] if found.title else []
    if found.state is PublicationState.PUBLISHED:
        words.append(found.url)
    if found.reason:
        words.append(found.reason)
    if found.state is PublicationState.FAILED and found.url:
        words.append(found.url)
    if found.state is PublicationState.PLANNED:
        words.append(f"go on with: mycelium executions resume {found.execution_id}")
    branch = seen.execution.result_branch
    if found.state is PublicationState.WITHHELD and found.kind in COMMITTING and branch:
        words.append(f"the branch is {branch}")
    return "; ".join(word for word in words if word)
