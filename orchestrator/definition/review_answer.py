"""Answers of agents that become reviews: what they may be made of, said once for the check and for the reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from orchestrator.definition.model import JsonValue

VERDICT: Final = "verdict"
SUMMARY: Final = "summary"
COMMENTS: Final = "comments"
PATH, LINE, START_LINE, SIDE = "path", "line", "start_line", "side"
BODY, SUGGESTION = "body", "suggestion"


class Opinion(StrEnum):
    """What an answer's `verdict` may say."""

    APPROVE = "approve"
    CHANGES = "changes"
    COMMENT = "comment"


OPINIONS: Final[Mapping[str, Opinion]] = {
    "approve": Opinion.APPROVE,
    "approved": Opinion.APPROVE,
    "changes": Opinion.CHANGES,
    "request-changes": Opinion.CHANGES,
    "request_changes": Opinion.CHANGES,
    "changes_requested": Opinion.CHANGES,
    "reject": Opinion.CHANGES,
    "comment": Opinion.COMMENT,
}
"""The words for it, in lower case."""

_NEEDED: Final = (PATH, LINE, BODY)


def opinion(word: JsonValue) -> Opinion | None:
    """What a verdict says; None where it is none of the words."""
    return OPINIONS.get(word.lower()) if isinstance(word, str) else None


def misfits(answer: Mapping[str, JsonValue]) -> Iterator[str]:
    """What keeps answers of this JSON Schema from being reviews, a sentence each."""
    properties = answer.get("properties")
    shapes = properties if isinstance(properties, dict) else {}
    if VERDICT in shapes:
        yield from _verdict(shapes[VERDICT])
    if COMMENTS in shapes:
        yield from _comments(shapes[COMMENTS])


def _verdict(shape: JsonValue) -> Iterator[str]:
    words = shape.get("enum", [shape["const"]] if "const" in shape else None) if isinstance(shape, dict) else None
    if not isinstance(words, list):
        yield f"`{VERDICT}` is no `enum`, and an agent could approve in any words"
        return
    for word in words:
        if opinion(word) is None:
            yield f"`{VERDICT}` may be `{str(word)[:60]}`, which is none of `approve`, `changes` and `comment`"


def _comments(shape: JsonValue) -> Iterator[str]:
    if not isinstance(shape, dict) or shape.get("type", "array") != "array":
        yield f"`{COMMENTS}` is no list"
        return
    items = shape.get("items")
    properties = items.get("properties") if isinstance(items, dict) else None
    if not isinstance(properties, dict):
        return
    for name in _NEEDED:
        if name not in properties:
            yield f"the items of `{COMMENTS}` have no `{name}`"
