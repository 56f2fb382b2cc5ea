"""What the summary of a job of Actions says: each execution that ran in it, and what came to nothing.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrator.report.answers import Answer
from orchestrator.report.comment import comment_parts
from orchestrator.report.markdown_safety import safe_code, safe_message
from orchestrator.report.parts import Paragraphs, Part, to_markdown
from orchestrator.report.view import ExecutionView

MAX_BYTES: Final = 1_000_000
"""GitHub takes 1 MiB of a step, and drops the whole of a longer one."""

_MOST_ANSWERS: Final = 50
_SIGNS: Final = {"matched": "✅", "waiting": "🟡", "denied": "❌"}


def step_summary(
    views: Sequence[ExecutionView], answers: Sequence[Answer], *, notes: Sequence[str] = (), limit: int = MAX_BYTES
) -> str:
    """Markdown, at most `limit` bytes of UTF-8; each execution has the same share of them.

    `answers` are decisions that started nothing, `notes` are sentences of our own, Markdown already.
    """
    first = [*_said(notes, answers)]
    parts: list[Part] = [Paragraphs(markdown=text) for text in first]
    told = to_markdown(parts, limit=limit // 10) if parts else ""
    share = (limit - len(told.encode())) // max(1, len(views)) - 1
    shown = [to_markdown(comment_parts(view), limit=share, page=view.links.page or view.links.job) for view in views]
    return "\n".join([*shown, *([told] if told else [])])


def _said(notes: Sequence[str], answers: Sequence[Answer]) -> list[str]:
    rows = [_row(each) for each in answers[:_MOST_ANSWERS]]
    more = len(answers) - len(rows)
    return [*notes, *(["\n".join([*rows, *([f"- and {more} more"] if more > 0 else [])])] if rows else [])]


def _row(answer: Answer) -> str:
    sign = _SIGNS.get(answer.ruling, "➖")
    lines = "".join(f"\n  - {safe_message(line, 400)}" for line in answer.lines[:5])
    return f"- {sign} {safe_code(answer.subject, 200)}: {safe_message(answer.text, 600)}{lines}"
