"""How long texts (prompts, commands) changed, line by line."""

from __future__ import annotations

from difflib import unified_diff

from orchestrator.definition.changes import Change, Subject
from orchestrator.report.change_values import is_long
from orchestrator.report.plain_text import clip

_MOST_LINES = 2_000
"""Comparing takes up to the square of it."""
_LONGEST_LINE = 400
_TEXTS = frozenset({Subject.COMMANDS, Subject.PROMPTS})


def text_diff(change: Change, *, limit: int = 6_000) -> str:
    """A unified diff without its head, at most `limit` characters; empty where there is none, or too long a one."""
    if change.subject not in _TEXTS or not is_long(change):
        return ""
    before, after = (str(text).rstrip("\n").split("\n") for text in (change.before, change.after))
    if max(len(before), len(after)) > _MOST_LINES:
        return ""
    lines = list(unified_diff(before, after, n=2, lineterm=""))[2:]
    return clip("\n".join(clip(line, _LONGEST_LINE) for line in lines), limit)
