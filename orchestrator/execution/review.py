"""An agent's answer, read as a review of a pull request: what it says as a whole, and what about which lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.definition.model import JsonValue
from orchestrator.definition.review_answer import (
    BODY,
    COMMENTS,
    LINE,
    PATH,
    SIDE,
    START_LINE,
    SUGGESTION,
    SUMMARY,
    VERDICT,
    Opinion,
    opinion,
)
from orchestrator.execution.diff_lines import LEFT, RIGHT, DiffLines

MOST_REMARKS: Final = 50
"""Line comments of one review; more go into its text."""

_LONGEST_LINE: Final = 10_000_000
_TEXT: Final = "text"


class NoReview(ValueError):
    """The answer does not fit a review; says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """What the answer says about lines of a file. `line` is the last of them; None where it names none.

    `suggestion` is what should stand there instead, empty to have the lines removed; None without one.
    """

    path: str
    body: str
    line: int | None = None
    start_line: int | None = None
    side: str = RIGHT
    suggestion: str | None = None

    @property
    def first(self) -> int | None:
        return self.start_line or self.line


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewAnswer:
    """A review as the agent gave it. `unreadable` counts the entries of `comments` that say nothing."""

    opinion: Opinion
    summary: str
    remarks: tuple[Remark, ...] = ()
    unreadable: int = 0


def read_review(outputs: Mapping[str, JsonValue], *, answered: bool) -> ReviewAnswer:
    """The review in the outputs of an agent; `answered` says that its node asks for an `answer`.

    Without one, all that it said is the review. Raises `NoReview`.
    """
    if not answered:
        return _checked(ReviewAnswer(opinion=Opinion.COMMENT, summary=_text(outputs.get(_TEXT))))
    said = outputs.get(VERDICT)
    verdict = Opinion.COMMENT if said is None else opinion(said)
    if verdict is None:
        raise NoReview(f"`{VERDICT}` is none of `approve`, `changes` and `comment`")
    listed = outputs.get(COMMENTS) or []
    if not isinstance(listed, list):
        raise NoReview(f"`{COMMENTS}` is no list")
    remarks = tuple(_remarks(listed))
    summary = outputs.get(SUMMARY)
    return _checked(
        ReviewAnswer(
            opinion=verdict,
            summary=_text(outputs.get(_TEXT)) if summary is None else _text(summary),
            remarks=remarks,
            unreadable=len(listed) - len(remarks),
        )
    )


def placed(remarks: Sequence[Remark], lines: DiffLines) -> tuple[list[Remark], list[Remark]]:
    """The remarks on lines of the diff, at most `MOST_REMARKS`, and all the others."""
    inside: list[Remark] = []
    outside: list[Remark] = []
    for remark in remarks:
        fits = len(inside) < MOST_REMARKS and _is_inside(remark, lines)
        (inside if fits else outside).append(remark)
    return inside, outside


def _is_inside(remark: Remark, lines: DiffLines) -> bool:
    if remark.line is None or remark.first is None:
        return False
    return lines.has(remark.path, remark.side, remark.first, remark.line)


def _checked(answer: ReviewAnswer) -> ReviewAnswer:
    if answer.opinion is not Opinion.APPROVE and not answer.summary.strip() and not answer.remarks:
        raise NoReview("it says nothing")
    return answer


def _remarks(listed: Sequence[JsonValue]) -> Iterator[Remark]:
    for item in listed:
        if not isinstance(item, dict):
            continue
        body, suggestion = _text(item.get(BODY)), item.get(SUGGESTION)
        path, line = _text(item.get(PATH)).removeprefix("./"), _line(item.get(LINE))
        if not body.strip() and not isinstance(suggestion, str):
            continue
        start = _line(item.get(START_LINE))
        yield Remark(
            path=path,
            body=body,
            line=line,
            start_line=start if line and start and start < line else None,
            side=LEFT if _text(item.get(SIDE)).upper() == LEFT else RIGHT,
            suggestion=suggestion if isinstance(suggestion, str) else None,
        )


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _line(value: JsonValue) -> int | None:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole or not isinstance(value, (int, float)):
        return None
    return int(value) if 0 < value < _LONGEST_LINE else None
