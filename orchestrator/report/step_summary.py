"""The job summary of GitHub Actions: the comment's content without its marker, under the limit of 1 MiB a step."""

from __future__ import annotations

from orchestrator.report.comment import comment_parts, to_markdown
from orchestrator.report.view import ExecutionView

MAX_BYTES = 1_000_000


def step_summary(view: ExecutionView) -> str:
    """Markdown for `$GITHUB_STEP_SUMMARY`."""
    return to_markdown(comment_parts(view), limit=MAX_BYTES, page=view.links.page)
