"""The budget that all processes share, by a clock that tests move: what GitHub allows, with a fifth left for people."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from orchestrator.lifecycle.ports import Clock
from orchestrator.lifecycle.ports.github import Busy, Room, Urgency

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
POINTS_A_MINUTE = 900
CREATIONS_A_MINUTE = 80
CREATIONS_AN_HOUR = 500
POINTS_A_READ, POINTS_A_WRITE = 1, 5
SHARE_OF_PROGRESS = 0.8


class MemoryBudget:
    """Raises `Busy` where a request has no room; `FINAL` and `PEOPLE` may use the fifth that `PROGRESS` must leave.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._points: deque[tuple[datetime, int]] = deque()
        self._creations: deque[datetime] = deque()
        self._last_write: datetime | None = None

    def spend(self, *, writes: bool, creates: bool, urgency: Urgency) -> None:
        now = self._clock.now()
        self._forget(now)
        until = self._room_at(now, writes=writes, creates=creates, urgency=urgency)
        if until > now:
            raise Busy("the budget has no room", until=until)
        self._points.append((now, POINTS_A_WRITE if writes else POINTS_A_READ))
        if writes:
            self._last_write = now
        if creates:
            self._creations.append(now)

    def room(self) -> Room:
        self._forget(self._clock.now())
        return Room(used=len(self._creations), most=CREATIONS_AN_HOUR)

    def _forget(self, now: datetime) -> None:
        while self._points and self._points[0][0] <= now - MINUTE:
            self._points.popleft()
        while self._creations and self._creations[0] <= now - HOUR:
            self._creations.popleft()

    def _room_at(self, now: datetime, *, writes: bool, creates: bool, urgency: Urgency) -> datetime:
        share = SHARE_OF_PROGRESS if urgency is Urgency.PROGRESS else 1.0
        times = [now]
        if writes and self._last_write:
            times.append(self._last_write + SECOND)
        cost = POINTS_A_WRITE if writes else POINTS_A_READ
        if sum(points for _, points in self._points) + cost > POINTS_A_MINUTE * share:
            times.append(self._points[0][0] + MINUTE)
        if creates:
            times += self._creation_at(now, MINUTE, int(CREATIONS_A_MINUTE * share))
            times += self._creation_at(now, HOUR, int(CREATIONS_AN_HOUR * share))
        return max(times)

    def _creation_at(self, now: datetime, span: timedelta, most: int) -> list[datetime]:
        within = [at for at in self._creations if at > now - span]
        return [within[len(within) - most] + span] if len(within) >= most else []
