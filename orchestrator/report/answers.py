"""What those are told who asked for something in an issue or pull request: one comment, with the latest answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from orchestrator.report.markdown_safety import safe_code, safe_inline, safe_message
from orchestrator.report.parts import MAX_BYTES

MARKER = "<!-- mycelium:answers -->"
"""Hidden at the beginning of the comment, by which it is found again."""

_SIGNS = {"matched": "✅", "waiting": "🟡", "denied": "❌", "superseded": "➖", "filtered": "➖"}
_MOST_LINES = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One answer. `subject` is a workflow's id, or the command as it was written; `ruling` is a decision's word."""

    subject: str
    ruling: str
    asked_by: str
    text: str
    lines: Sequence[str] = ()
    execution_id: str = ""


def answers_comment(answers: Sequence[Answer]) -> str:
    """The body of the comment, the newest answer first, and as many as fit.

    Everything in it may come from outside, and is made inert.
    """
    parts = [MARKER]
    for each in answers:
        whole = _answer(each)
        text = whole if _fits([*parts, whole]) or len(parts) > 1 else _answer(replace(each, lines=()))
        if not _fits([*parts, text]):
            break
        parts.append(text)
    return "\n\n".join(parts)


def _fits(parts: Sequence[str]) -> bool:
    return sum(len(part.encode()) + 2 for part in parts) <= MAX_BYTES


def _answer(answer: Answer) -> str:
    sign = _SIGNS.get(answer.ruling, "➖")
    asked_by = f" for {safe_code(answer.asked_by)}" if answer.asked_by else ""
    head = f"{sign} {safe_code(answer.subject, 200)}{asked_by}: {safe_message(answer.text, 600)}"
    where = f"\n\nExecution {safe_code(answer.execution_id)}" if answer.execution_id else ""
    listed = "".join(f"\n- {safe_message(line, 400)}" for line in answer.lines[:_MOST_LINES])
    more = len(answer.lines) - _MOST_LINES
    rest = f"\n- {safe_inline(f'and {more} more')}" if more > 0 else ""
    return f"{head}{where}" + (f"\n{listed}{rest}" if listed else "")
