"""The account of one credential: what was sent, and so when the next request may be. Pure: times are given.

Sliding windows are kept in buckets that count until the last moment of theirs has left the window: never too little
is counted, and at most one bucket too much. `admit.lua` and `settle.lua` are the same, word by word.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.github.budget.limits import (
    FIRST_REFUSAL,
    FIRST_TROUBLE,
    HOUR,
    LEASE,
    LONGEST_REFUSAL,
    LONGEST_TROUBLE,
    MINUTE,
    RETRY,
    SECOND,
    TOLERATED_TROUBLES,
    Ask,
    Caps,
    Limits,
    Outcome,
    Quota,
    Reason,
    Told,
)

SAME_RESET = 5 * SECOND
"""Answers tell the same reset in whole seconds of two clocks."""


@dataclass(kw_only=True, slots=True)
class Window:
    """What was used up in the last `span` milliseconds, in buckets of `width`."""

    width: int
    span: int
    buckets: dict[int, int] = field(default_factory=dict)

    def used(self, now: int) -> int:
        self.buckets = {bucket: used for bucket, used in self.buckets.items() if self._leaves(bucket) > now}
        return sum(self.buckets.values())

    def wait(self, now: int, cost: int, cap: int) -> int:
        """Milliseconds until `cost` more stays within `cap`; 0 where it does so now."""
        used = self.used(now)
        for bucket in sorted(self.buckets):
            if used + cost <= cap:
                break
            used -= self.buckets[bucket]
            if used + cost <= cap:
                return self._leaves(bucket) - now
        return 0 if used + cost <= cap else self.span

    def add(self, now: int, cost: int) -> None:
        bucket = now // self.width
        self.buckets[bucket] = self.buckets.get(bucket, 0) + cost

    def _leaves(self, bucket: int) -> int:
        return (bucket + 1) * self.width + self.span


@dataclass(kw_only=True, slots=True)
class Ledger:
    """All times in milliseconds; `leases` are the requests under way, with the time at which each counts as lost."""

    points: Window = field(default_factory=lambda: Window(width=SECOND, span=MINUTE))
    minute: Window = field(default_factory=lambda: Window(width=SECOND, span=MINUTE))
    hour: Window = field(default_factory=lambda: Window(width=MINUTE, span=HOUR))
    leases: dict[str, int] = field(default_factory=dict)
    closed_until: int = 0
    next_write: int = 0
    refusals: int = 0
    troubles: int = 0
    limit: int = 0
    remaining: int = 0
    reset: int = 0

    def admit(self, now: int, lease: str, ask: Ask, limits: Limits) -> tuple[int, Reason] | None:
        """Enter a request that goes out now, or say how long it has to wait, and for what; then nothing is entered."""
        caps = limits.caps(reserve=ask.reserve)
        self.leases = {each: until for each, until in self.leases.items() if until > now}
        waits = self._waits(now, ask, caps)
        longest = max(waits, key=lambda each: each[0])
        if longest[0] > 0:
            return longest
        self.points.add(now, ask.points)
        if ask.writes:
            self.next_write = now + limits.between_writes
        if ask.creates:
            self.minute.add(now, 1)
            self.hour.add(now, 1)
        self.leases[lease] = now + LEASE
        return None

    def _waits(self, now: int, ask: Ask, caps: Caps) -> list[tuple[int, Reason]]:
        creation = 1 if ask.creates else 0
        return [
            (self.closed_until - now, Reason.CLOSED),
            (self.next_write - now if ask.writes else 0, Reason.WRITES),
            (self.points.wait(now, ask.points, caps.points), Reason.POINTS),
            (self.minute.wait(now, creation, caps.minute) if ask.creates else 0, Reason.MINUTE),
            (self.hour.wait(now, creation, caps.hour) if ask.creates else 0, Reason.HOUR),
            (RETRY if len(self.leases) >= caps.at_once else 0, Reason.AT_ONCE),
            (self._quota_wait(now, caps.kept), Reason.QUOTA),
        ]

    def _quota_wait(self, now: int, kept: int) -> int:
        if now >= self.reset:
            return 0
        usable = self.remaining - len(self.leases) - self.limit * kept // 1_000
        return 0 if usable >= 1 else self.reset - now

    def settle(self, now: int, lease: str, told: Told) -> int:
        """Enter how a request ended; answers for how many milliseconds nothing may be sent from now on."""
        self.leases.pop(lease, None)
        if told.quota:
            self._note(now, told.quota)
        match told.outcome:
            case Outcome.DONE:
                self.troubles = 0
                if told.wrote:
                    self.refusals = 0
            case Outcome.REFUSED:
                self.troubles = 0
                self._close(now, self._refused() if told.wait is None else told.wait)
            case Outcome.TROUBLE:
                self._close(now, self._troubled())
        return max(self.closed_until - now, 0)

    def created(self, now: int) -> int:
        """Creations of the last hour."""
        return self.hour.used(now)

    def _close(self, now: int, wait: int) -> None:
        if wait > 0:
            self.closed_until = max(self.closed_until, now + wait)

    def _refused(self) -> int:
        self.refusals = min(self.refusals + 1, 10)
        return min(FIRST_REFUSAL << (self.refusals - 1), LONGEST_REFUSAL)

    def _troubled(self) -> int:
        self.troubles = min(self.troubles + 1, 10)
        if self.troubles <= TOLERATED_TROUBLES:
            return 0
        return min(FIRST_TROUBLE << (self.troubles - TOLERATED_TROUBLES - 1), LONGEST_TROUBLE)

    def _note(self, now: int, quota: Quota) -> None:
        """The lowest figure of a window counts, as answers may come in another order than they were given."""
        reset = now + quota.resets_in
        if now < self.reset and abs(reset - self.reset) <= SAME_RESET:
            self.remaining = min(self.remaining, quota.remaining)
        elif reset > self.reset or now >= self.reset:
            self.limit, self.remaining, self.reset = quota.limit, quota.remaining, reset
