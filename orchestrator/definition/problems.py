"""How much is said about one file: a thousand problems, each of them short."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.errors import Place, Problem

MAX_PROBLEMS = 1_000
LONGEST_MESSAGE = 1_000
_LONGEST_NODE = 100


def clipped(message: str, place: Place, node: str | None = None, hint: str | None = None) -> Problem:
    """A problem that quotes no more of the file than a person reads."""
    return Problem(
        message=_short(message, LONGEST_MESSAGE),
        place=place,
        node=node and _short(node, _LONGEST_NODE),
        hint=hint and _short(hint, LONGEST_MESSAGE),
    )


def too_many(place: Place) -> Problem:
    """What stands behind the last of them."""
    return Problem(
        message=f"the file has {MAX_PROBLEMS:,} problems, and the rest was not looked at",
        place=place,
        hint="mend these first",
    )


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """By place. An anchored value is read once for each alias, and wrong in one place."""
    return sorted(dict.fromkeys(problems), key=_position)


def _position(problem: Problem) -> tuple[int, int]:
    return (problem.place.line, problem.place.column) if problem.place else (0, 0)


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
