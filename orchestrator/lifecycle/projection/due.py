"""Which writes to GitHub are due, and in which order: what is wanted against what is shown. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from orchestrator.execution.showing import Shown
from orchestrator.lifecycle.ports.github import Urgency
from orchestrator.lifecycle.projection.wanted import SMALL, Kind, Wanted

LARGE_PAUSE: Final = timedelta(seconds=12.5)
"""Between two pictures of a large execution: 49, in a check run and a comment, make 98 writes in ten minutes."""

SMALL_PAUSES: Final = (timedelta(seconds=3), timedelta(seconds=10))
"""Between two pictures of a small one, which is looked at closely in its beginning."""

MOST_WRITES: Final = 120
MOST_WRITES_SPAN: Final = timedelta(minutes=10)
"""What a large execution may cost in all, in each such span."""

OWN_WRITES: Final = 8
OWN_WRITE_EVERY: Final = timedelta(seconds=100)
"""What is left of that for its node runs: so many writes at once, and one more each time."""

_LAST_WRITES: Final = 8
"""What the end of an execution itself may take: check run, annotations, comment."""


AT_ONCE: Final = datetime.min.replace(tzinfo=UTC)


class Deed(StrEnum):
    """How a thing comes to be as it is wanted."""

    CREATE = "create"
    CHANGE = "change"
    ANNOTATE = "annotate"


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """One request: `shown` is what GitHub shows now, `at` the time before which it is not sent."""

    wanted: Wanted
    deed: Deed
    shown: Shown
    at: datetime

    @property
    def creates(self) -> bool:
        """Whether it counts as a creation to GitHub."""
        return self.deed is Deed.CREATE

    @property
    def urgency(self) -> Urgency:
        """Annotations come after every last word: there may be many, and they may not use what is left for people."""
        return Urgency.PROGRESS if self.deed is Deed.ANNOTATE else self.wanted.urgency

    @property
    def order(self) -> tuple[Urgency, bool, int]:
        """Who is asked, and what is final, before progress; the whole before its parts; annotations after them all."""
        return self.urgency, self.deed is Deed.ANNOTATE, self.wanted.rank


def due(
    wanted: Iterable[Wanted], known: Mapping[str, Shown], sent: Mapping[str, datetime], pause: timedelta
) -> list[Write]:
    """In order. `sent` is when each place was written last, `pause` how long the whole rests between two pictures.

    Only progress is spaced out so: what is there to be sent at last is the newest state, whatever lay between.
    """
    writes = (_write(each, known.get(each.place, Shown(place=each.place)), sent, pause) for each in wanted)
    return sorted((write for write in writes if write), key=lambda write: write.order)


def pause_of(runs: int, age: timedelta) -> timedelta:
    """How long pictures of an execution of so many node runs, that began so long ago, rest at least."""
    if runs > SMALL:
        return LARGE_PAUSE
    least, most = SMALL_PAUSES
    return min(max(age / 5, least), most)


@dataclass(kw_only=True, slots=True)
class Allowance:
    """What a large execution may still write of its node runs; grows with time. `total` counts all its writes, `owed`
    those that check runs will take which were begun while their nodes ran, by place: one that ends them, one for
    annotations. What others take was saved for none of these."""

    own: float = OWN_WRITES
    total: int = 0
    owed: dict[str, int] = field(default_factory=dict)
    at: datetime | None = None

    def left(self, now: datetime, *, age: timedelta, ended: bool) -> int:
        """Once it has ended, its failures may have all that it has saved."""
        if self.at is not None and now > self.at:
            self.own = min(OWN_WRITES, self.own + (now - self.at) / OWN_WRITE_EVERY)
        self.at = now
        saved = MOST_WRITES * max(1, age // MOST_WRITES_SPAN) - self.total - _LAST_WRITES
        saved -= sum(self.owed.values())
        return int(max(self.own, saved) if ended else self.own)

    def spend(self, write: Write) -> None:
        """A check run that is begun while its node runs has to be ended too; its annotations count once they are sent,
        which may leave less than nothing."""
        self.total += 1
        if not write.wanted.own:
            return
        place, ends = write.wanted.place, write.wanted.concluded
        owed = self.owed.pop(place, 0)
        match write.deed:
            case Deed.CREATE:
                self.own -= 1 if ends else 2
                owed = 0 if ends else 2
            case Deed.CHANGE if ends and not write.shown.concluded:
                owed = min(owed, 1 if write.wanted.annotations else 0)
            case Deed.ANNOTATE:
                self.own -= 1
                owed -= 1
        if owed > 0:
            self.owed[place] = owed


def _write(wanted: Wanted, shown: Shown, sent: Mapping[str, datetime], pause: timedelta) -> Write | None:
    deed = _deed(wanted, shown)
    if deed is None:
        return None
    last = sent.get(wanted.place)
    spaced = last is not None and not wanted.own and wanted.urgency is Urgency.PROGRESS
    return Write(wanted=wanted, deed=deed, shown=shown, at=last + pause if spaced and last else AT_ONCE)


def _deed(wanted: Wanted, shown: Shown) -> Deed | None:
    same = shown.digest == wanted.digest
    if shown.refused and same:
        return None
    if wanted.kind is Kind.STATUS:
        return None if same else Deed.CREATE
    if shown.github_id is None or (shown.concluded and not wanted.concluded):
        return Deed.CREATE
    if not same:
        return Deed.CHANGE
    return Deed.ANNOTATE if wanted.concluded and shown.annotations < len(wanted.annotations) else None
