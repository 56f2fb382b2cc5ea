"""GitHub's limits, what a request takes of them, and what an answer tells.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

LEASE: Final = MINUTE
"""After this many milliseconds a request counts as ended, whose process did not live to say so."""

RETRY: Final = SECOND
"""When to ask again where as many requests are under way as may be: any of them may end any moment."""

FIRST_REFUSAL, LONGEST_REFUSAL = MINUTE, 16 * MINUTE
"""How long nothing is sent after a refusal that does not say how long; doubled with each that follows."""

TOLERATED_TROUBLES: Final = 2
FIRST_TROUBLE, LONGEST_TROUBLE = 2 * SECOND, 30 * SECOND
"""The same for a GitHub that does not answer: short, as it should be known within a minute that it is back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one credential may do. `share` is for everything that is neither for people nor the last word."""

    points_a_minute: int = 900
    creations_a_minute: int = 80
    creations_an_hour: int = 500
    at_once: int = 100
    between_writes: int = SECOND
    share: float = 0.8

    def caps(self, *, reserve: bool) -> Caps:
        share = 1.0 if reserve else self.share
        return Caps(
            points=int(self.points_a_minute * share),
            minute=int(self.creations_a_minute * share),
            hour=int(self.creations_an_hour * share),
            at_once=int(self.at_once * share),
            kept=0 if reserve else round(1_000 * (1 - self.share)),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Caps:
    """How far one request may go. `kept` thousandths of the hourly quota have to remain."""

    points: int
    minute: int
    hour: int
    at_once: int
    kept: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A request that wants to go out; with `reserve` it may use what others must leave."""

    points: int
    writes: bool
    creates: bool
    reserve: bool


class Reason(StrEnum):
    """What there is no room in; the sentence begins with "there is no room:"."""

    CLOSED = "GitHub asked to wait, or did not answer"
    WRITES = "a second has to pass between two writes"
    POINTS = "the points of this minute are used up"
    MINUTE = "this minute's creations are used up"
    HOUR = "this hour's creations are used up"
    AT_ONCE = "as many requests are under way as may be"
    QUOTA = "this hour's requests are used up"


class Outcome(IntEnum):
    """How a request ended. `TROUBLE`: no answer, or 5xx."""

    DONE = 0
    REFUSED = 1
    TROUBLE = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """The primary limit as an answer tells it; `resets_in` milliseconds."""

    limit: int
    remaining: int
    resets_in: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What is known after a request; `wait` milliseconds where GitHub said how long."""

    outcome: Outcome
    wrote: bool = False
    wait: int | None = None
    quota: Quota | None = None
