"""What an App is asked to be granted: the least with which everything works, and what does not without each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_LEVELS: Final = ("", "read", "write", "admin")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A permission by its name in GitHub's API; `without` completes the sentence "without it …"."""

    name: str
    level: str
    without: str


WANTED: Final = (
    Wanted(name="metadata", level="read", without="nothing works"),
    Wanted(name="checks", level="write", without="executions show no check runs"),
    Wanted(name="contents", level="write", without="results cannot be pushed as branches"),
    Wanted(name="pull_requests", level="write", without="no pull requests are opened, and no reviews written"),
    Wanted(name="issues", level="write", without="there are no comments, reactions, labels and issues"),
)
OPTIONAL: Final = (Wanted(name="members", level="read", without="workflows cannot name teams"),)
"""Of the organisation; an account of a person has none to grant."""

EVENTS: Final = (
    *("check_run", "issue_comment", "issues", "merge_group", "pull_request", "pull_request_review", "push"),
    "repository_dispatch",
)
"""What an App is told of. It hears of its installations without asking."""


def askable(granted: Mapping[str, str]) -> dict[str, str]:
    """What a token may be asked to have: more than was granted to the App is refused as a whole."""
    found = {each.name: _lower(each.level, granted.get(each.name, "")) for each in (*WANTED, *OPTIONAL)}
    return {name: level for name, level in found.items() if level}


def missing(granted: Mapping[str, str]) -> list[Wanted]:
    """What was not granted, or less of it than is needed."""
    return [each for each in (*WANTED, *OPTIONAL) if _lower(each.level, granted.get(each.name, "")) != each.level]


def _lower(one: str, other: str) -> str:
    return min(one, other, key=lambda level: _LEVELS.index(level) if level in _LEVELS else 0)
