"""The picture of one execution while it is brought up to date: what was read of it, what is wanted, what was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from orchestrator.execution.log_line import LogLine
from orchestrator.execution.showing import COMMENT, Showing, Shown
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.ports.github import Abilities, GitHub, Room
from orchestrator.lifecycle.projection.due import AT_ONCE, Allowance, Write, due, pause_of
from orchestrator.lifecycle.projection.wanted import SMALL, Kind, Means, Wanted, wanted
from orchestrator.lifecycle.report import TAIL_LINES, view
from orchestrator.lifecycle.services import Services
from orchestrator.report.view import ExecutionView, Links

READ_SMALL, READ_LARGE = 1.0, 5.0
"""Seconds between two readings of an execution, unless one of its pictures is due: then it has to be a new one."""

READ_SHARE: Final = 5.0
"""And so many times as long as a reading takes at least, so that no execution keeps the store busy."""

LONGEST_READ_PAUSE: Final = 10.0
"""But no longer than this: GitHub is to agree within seconds."""


OWN_PAUSE: Final = timedelta(seconds=2)
LONGEST_OWN_PAUSE: Final = timedelta(minutes=5)
"""How long a write is left alone that fails while others succeed: doubled each time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """A place whose writes fail. `own` counts the failures that were its own, because others succeeded meanwhile."""

    failed_at: datetime
    tries: int = 1
    own: int = 0

    @property
    def until(self) -> datetime:
        return self.failed_at + (min(OWN_PAUSE * 2 ** min(self.own, 8), LONGEST_OWN_PAUSE) if self.own else timedelta())


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A write with its place among those of all executions, and when it may go."""

    order: tuple[object, ...]
    write: Write
    at: datetime


@dataclass(kw_only=True)
class Picture:
    """Lives in memory; all that must outlive it is in the store.

    `seen` is the count of changes that `wanted` was made from, 0 before it was.
    """

    showing: Showing
    seen: int = 0
    wanted: tuple[Wanted, ...] = ()
    known: dict[str, Shown] = field(default_factory=dict)
    sent: dict[str, datetime] = field(default_factory=dict)
    asked: dict[str, frozenset[int]] = field(default_factory=dict)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    allowance: Allowance = field(default_factory=Allowance)
    pause: timedelta = timedelta()
    scarce: bool = False
    execution: Execution | None = None
    _due: list[Due] | None = None
    _next_read: float = 0.0
    _earliest_read: float = 0.0
    _tails: dict[tuple[int, int], tuple[LogLine, ...]] = field(default_factory=dict)

    def read(self, services: Services, github: GitHub, room: Room, links: Callable[[Execution], Links]) -> None:
        """Read the execution anew where it has changed, and not too soon after the last time."""
        abilities = github.abilities  # which may have to ask GitHub, and is no work of the store
        began = services.clock.monotonic()
        unchanged = self.seen == self.showing.changes and room.scarce is self.scarce
        if unchanged or not self._may_read(began, services.clock.now()):
            return
        changes = self.showing.changes
        seen = self._view(services, links)
        self.forget(services)
        means = self._means(services, abilities, seen, room)
        self._due = None
        self.wanted = wanted(seen, means, self.known, self._asked())
        self.execution, self.seen, self.scarce = seen.execution, changes, room.scarce
        self.pause = pause_of(len(seen.runs), _age(seen.execution, services.clock.now()))
        ended = services.clock.monotonic()
        self._earliest_read = ended + min(READ_SHARE * (ended - began), LONGEST_READ_PAUSE)
        self._next_read = ended + (READ_SMALL if len(seen.runs) <= SMALL else READ_LARGE)

    def forget(self, services: Services) -> None:
        """Take what is shown from the store again: a rerun has begun a new round, or an answer was lost."""
        self._due = None
        self.known = {thing.place: thing for thing in services.store.shown(self.showing.execution_id)}

    def begin_again(self) -> None:
        """What is wanted depends on something that has changed since."""
        self.seen, self._next_read, self._earliest_read = 0, 0.0, 0.0

    def rest(self, until: float) -> None:
        """Nothing is read before that time of the monotonic clock."""
        self._next_read = self._earliest_read = until

    def writes(self) -> list[Due]:
        """In order; none while nothing was read."""
        if self._due is None:
            writes = due(self.wanted, self.known, self.sent, self.pause)
            self._due = sorted((self._ordered(write) for write in writes), key=lambda each: each.order)
        return self._due

    def done(self, write: Write, shown: Shown, now: datetime) -> None:
        place = write.wanted.place
        self._due = None
        self.known[place] = shown
        self.sent[place] = now
        self.troubles.pop(place, None)
        self.asked[place] = write.wanted.asks
        self.allowance.spend(write)

    def failed(self, place: str, now: datetime, succeeded_at: datetime | None) -> None:
        """A write got no answer; `succeeded_at` is when another one last did."""
        self._due = None
        before = self.troubles.get(place)
        own = before is not None and succeeded_at is not None and succeeded_at > before.failed_at
        self.troubles[place] = (
            replace(before, failed_at=now, tries=before.tries + 1, own=before.own + own)
            if before
            else Trouble(failed_at=now)
        )

    def _ordered(self, write: Write) -> Due:
        """Of two that are equally urgent, the one goes first that was not written for longer. What fails again and
        again comes last: it may be the only one that does."""
        place = write.wanted.place
        trouble, last = self.troubles.get(place), self.sent.get(place)
        order = (bool(trouble and trouble.tries > 1), *write.order, last or AT_ONCE, self.showing.execution_id, place)
        return Due(order=order, write=write, at=max(write.at, trouble.until) if trouble else write.at)

    @property
    def refusal(self) -> str:
        """What GitHub said against the content of something; empty where it has taken everything."""
        return next((thing.refused for thing in self.known.values() if thing.refused), "")

    @property
    def complete(self) -> bool:
        """Whether all that was ever changed has been read."""
        return self.seen == self.showing.changes

    def _may_read(self, monotonic: float, now: datetime) -> bool:
        if monotonic < self._earliest_read:
            return False
        rested = (self.sent.get(each.place, now) + self.pause <= now for each in self.wanted if not each.own)
        return monotonic >= self._next_read or any(rested)

    def _asked(self) -> frozenset[int]:
        """Those whom every place asks about that has been written."""
        asked = [self.asked.get(each.place, frozenset()) for each in self.wanted if not each.own]
        return frozenset.intersection(*asked) if asked else frozenset()

    def _view(self, services: Services, links: Callable[[Execution], Links]) -> ExecutionView:
        seen = view(services, self.showing.execution_id)
        seen = replace(seen, links=links(seen.execution))
        if len(seen.runs) > SMALL:
            return seen
        ended = [run for run in seen.runs if run.status.settled and run.attempt]
        for run in ended:
            if (run.index, run.epoch) not in self._tails:
                lines = seen.tails.get(run.index) or services.logs.tail(run.execution_id, run.index, TAIL_LINES)
                self._tails[run.index, run.epoch] = tuple(lines)
        return replace(seen, tails={run.index: self._tails[run.index, run.epoch] for run in ended})

    def _means(self, services: Services, abilities: Abilities, seen: ExecutionView, room: Room) -> Means:
        now, ended = services.clock.now(), seen.execution.status.ended
        begin = self.allowance.left(now, age=_age(seen.execution, now), ended=ended)
        return Means(
            abilities=replace(abilities, buttons=abilities.buttons and services.listens),
            refused=self.showing.refused,
            scarce=room.scarce,
            begin=begin,
            comment=self._has_comment(services),
        )

    def _has_comment(self, services: Services) -> bool:
        """Whether no newer execution of the workflow has it; the one before hands it over."""
        target, ours = self.showing.target, self.showing.execution_id
        if target.number is None or Kind.COMMENT in self.showing.refused:
            return False
        workflow = self.showing.workflow_id
        known = services.store.newest_shown(target.repository, target.number, workflow, COMMENT)
        if known and known[0][0] != ours:
            return False
        if COMMENT not in self.known and (before := next((each for _, each in known if each is not None), None)):
            self.known[COMMENT] = Shown(place=COMMENT, github_id=before)
        return True


def _age(execution: Execution, now: datetime) -> timedelta:
    return now - (execution.started_at or execution.created_at)
