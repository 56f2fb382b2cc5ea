"""What an execution published, or why not, in lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orchestrator.definition.publish import COMMITTING
from orchestrator.execution.publication import Publication, PublicationState
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
