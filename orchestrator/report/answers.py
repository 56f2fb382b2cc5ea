"""What those are told who asked for something in an issue or pull request: one comment, with the latest answers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from orchestrator.report.markdown_safety import safe_code, safe_inline, safe_message
from orchestrator.report.parts import MAX_BYTES

MARKER = "<!-- mycelium:answers -->"
"""Hidden at the beginning of the comment, by which it is found again."""

_PART: Final = re.compile(
    r"^<!-- mycelium:answer ([0-9a-f]{12})(?: waits ([0-9]{1,20}) ([0-9a-f]{40,64}))? -->$", re.MULTILINE
)
"""Before an answer that is kept by the comment alone. Foreign text never begins a line, and has no such brackets."""

_SIGNS = {"matched": "✅", "waiting": "🟡", "denied": "❌", "superseded": "➖", "filtered": "➖"}
_MOST_LINES = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One answer. `subject` is a workflow's id, or the command as it was written; `ruling` is a decision's word.

    Where a later answer is to take its place, `key` is what both are about. `waits` is the comment whose command waits,
    and for which commit.
    """

    subject: str
    ruling: str
    asked_by: str
    text: str
    lines: Sequence[str] = ()
    execution_id: str = ""
    key: str = ""
    waits: tuple[int, str] | None = None


def key_of(*parts: str) -> str:
    """A key, whatever the texts are."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def answers_comment(answers: Sequence[Answer], earlier: Sequence[str] = ()) -> str:
    """The body of the comment, the newest answer first, and as many as fit; then those that it had `earlier`.

    Everything in it may come from outside, and is made inert.
    """
    parts = [MARKER]
    for each in answers:
        whole = _answer(each)
        text = whole if _fits([*parts, whole]) or len(parts) > 1 else _answer(replace(each, lines=()))
        if not _fits([*parts, text]):
            return "\n\n".join(parts)
        parts.append(text)
    for text in earlier:
        parts += [text] if _fits([*parts, text]) else []
    return "\n\n".join(parts)


def answers_in(body: str) -> Mapping[str, str]:
    """The answers with a key that a comment of ours has, as they stand there, newest first."""
    plain = body.replace("\r\n", "\n")
    found = list(_PART.finditer(plain))
    ends = [*(each.start() for each in found[1:]), len(plain)]
    return {each[1]: plain[each.start() : end].strip() for each, end in zip(found, ends, strict=False)}


def waiting_comments(body: str, commit: str) -> frozenset[int]:
    """The comments whose commands wait for this commit, by what a comment of ours says."""
    found = _PART.finditer(body.replace("\r\n", "\n"))
    return frozenset(int(each[2]) for each in found if each[3] == commit)


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
    return f"{_part(answer)}{head}{where}" + (f"\n{listed}{rest}" if listed else "")


def _part(answer: Answer) -> str:
    waits = f" waits {answer.waits[0]} {answer.waits[1]}" if answer.waits else ""
    return f"<!-- mycelium:answer {answer.key}{waits} -->\n" if answer.key else ""
