"""What speaks for and against starting: the words in which every decision on an event is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """The rule that spoke; kept with every decision, so that they can be counted and searched for."""

    EVENT = "event"
    TYPES = "types"
    BRANCHES = "branches"
    TAGS = "tags"
    PATHS = "paths"
    LABELS = "labels"
    DRAFT = "draft"
    WHERE = "where"
    COMMAND = "command"
    INPUTS = "inputs"
    SCHEDULE = "schedule"
    FILE = "file"
    OWN = "own"
    BOT = "bot"
    ACTOR = "actor"
    FORK = "fork"
    ALLOWED = "allowed"
    MOVED = "moved"
    CONCURRENCY = "concurrency"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One fact that speaks for (`starts`) or against starting; None where it is not known, or a person decides."""

    starts: bool | None
    text: str
    rule: Rule = Rule.EVENT

    def __str__(self) -> str:
        return self.text


def verdict(reasons: Iterable[Reason]) -> bool | None:
    """False where one reason says so, else None where one does not know, else true."""
    verdicts = {reason.starts for reason in reasons}
    return False if False in verdicts else None if None in verdicts else True


def deciding(reasons: Sequence[Reason]) -> Reason:
    """The reason that made the verdict: the first against it, or that nobody knows of, else the last for it."""
    against = [reason for reason in reasons if reason.starts is False] or [r for r in reasons if r.starts is None]
    return against[0] if against else reasons[-1]
