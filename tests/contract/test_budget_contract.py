"""The account in Redis is the one in memory: the same answers to the same questions, whatever they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from orchestrator.github.budget.ledger import Ledger
from orchestrator.github.budget.limits import HOUR, MINUTE, SECOND, Ask, Limits, Outcome, Quota, Told
from orchestrator.github.budget.memory import MemoryBudget
from orchestrator.github.budget.port import Budget, busy
from orchestrator.github.budget.shared import RedisBudget
from orchestrator.lifecycle.ports.github import Busy
from orchestrator.queue.server import EmbeddedServer, find_binary
from tests.fakes.clock import FakeClock

LIMITS = Limits(points_a_minute=30, creations_a_minute=5, creations_an_hour=10, at_once=6, between_writes=300)
SCOPES = count()
START = datetime(2026, 3, 1, tzinfo=UTC)

asks = st.builds(
    Ask, points=st.sampled_from([1, 5]), writes=st.booleans(), creates=st.booleans(), reserve=st.booleans()
)
quotas = st.builds(
    Quota,
    limit=st.just(100),
    remaining=st.sampled_from([0, 1, 2, 20, 21, 22, 100]),
    resets_in=st.sampled_from([0, SECOND, 4 * SECOND, MINUTE, HOUR]),
)
tolds = st.builds(
    Told,
    outcome=st.sampled_from(Outcome),
    wrote=st.booleans(),
    wait=st.none() | st.sampled_from([1_000, 90_000]),
    quota=st.none() | quotas,
)
passing = st.sampled_from([0, 1, 299, 877, 1_000, 30_000, 59_500, 61_000, 3_700_000]) | st.integers(0, 3_000)
steps = st.lists(st.tuples(passing, asks, st.none() | tolds), max_size=40)
WINDOWS = {"points": (SECOND, MINUTE), "minute": (SECOND, MINUTE), "hour": (MINUTE, HOUR)}
FIGURES = ("closed_until", "next_write", "refusals", "troubles", "limit", "remaining", "reset")


class Standing:
    """Implements `Clock`, and stands still."""

    def now(self) -> datetime:
        return START

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    server = EmbeddedServer(find_binary())
    server.start()
    with Redis.from_url(server.url) as client:
        yield client
    server.stop()


@given(steps=steps)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_twins(redis: Redis, steps: list[tuple[int, Ask, Told | None]]) -> None:
    ledger, now = Ledger(), 1_800_000_000_123
    shared = RedisBudget(redis, f"twin-{next(SCOPES)}", Standing(), LIMITS, now=now)
    leases: list[str] = []
    for passed, ask, told in steps:
        now += passed
        shared.now = now
        refused = ledger.admit(now, str(len(leases)), ask, LIMITS)
        if refused:
            expected = busy(START, *refused)
            with pytest.raises(Busy) as raised:
                shared.admit(ask)
            assert (str(raised.value), raised.value.until) == (str(expected), expected.until)
        else:
            leases.append(shared.admit(ask))
        if told and leases:
            number = len(leases) - 1
            assert ledger.settle(now, str(number), told) == shared.settle(leases[number], told)
        assert shared.room().used == ledger.created(now)
        assert kept(redis, shared) == written_down(ledger, now)


@given(steps=st.lists(st.tuples(passing, tolds), max_size=30))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_twins_hear_the_same(redis: Redis, steps: list[tuple[int, Told]]) -> None:
    ledger, now = Ledger(), 1_800_000_000_123
    shared = RedisBudget(redis, f"twin-{next(SCOPES)}", Standing(), LIMITS, now=now)
    for passed, told in steps:
        now += passed
        shared.now = now
        assert ledger.settle(now, "x", told) == shared.settle("x", told)
        assert kept(redis, shared) == written_down(ledger, now)


def kept(redis: Redis, budget: RedisBudget) -> dict[str, object]:
    """What stands in Redis and still counts."""
    place, now = budget._state.removesuffix("state"), budget.now or 0
    state = {name.decode(): int(value) for name, value in redis.hgetall(f"{place}state").items()}
    windows = {
        name: {int(k): int(v) for k, v in redis.hgetall(f"{place}{name}").items() if (int(k) + 1) * width + span > now}
        for name, (width, span) in WINDOWS.items()
    }
    under_way = redis.zcount(f"{place}leases", now + 1, "+inf")
    return {**{name: state.get(name, 0) for name in FIGURES}, **windows, "leases": under_way}


def written_down(ledger: Ledger, now: int) -> dict[str, object]:
    """The same of the twin."""
    windows = {
        name: {k: v for k, v in getattr(ledger, name).buckets.items() if (k + 1) * width + span > now}
        for name, (width, span) in WINDOWS.items()
    }
    under_way = sum(until > now for until in ledger.leases.values())
    return {**{name: getattr(ledger, name) for name in FIGURES}, **windows, "leases": under_way}


@pytest.mark.parametrize("kind", ["memory", "redis"])
def test_a_budget_counts_by_its_own_clock(kind: str, redis: Redis) -> None:
    limits = Limits(creations_a_minute=3, between_writes=0, share=1.0)
    budget: Budget = (
        MemoryBudget(FakeClock(), limits)
        if kind == "memory"
        else RedisBudget(redis, f"clock-{next(SCOPES)}", FakeClock(), limits)
    )
    ask = Ask(points=5, writes=True, creates=True, reserve=False)
    for _ in range(3):
        assert budget.settle(budget.admit(ask), Told(outcome=Outcome.DONE, wrote=True)) == 0
    with pytest.raises(Busy, match="this minute's creations are used up"):
        budget.admit(ask)
    assert (budget.room().used, budget.room().most, budget.room().scarce) == (3, 500, False)


def test_credentials_do_not_count_together(redis: Redis) -> None:
    limits = Limits(creations_a_minute=1, share=1.0)
    ask = Ask(points=5, writes=True, creates=True, reserve=False)
    one, other = (RedisBudget(redis, f"{name}-{next(SCOPES)}", FakeClock(), limits) for name in ("one", "other"))
    one.admit(ask)
    other.admit(ask)
    with pytest.raises(Busy):
        one.admit(ask)


def test_what_is_kept_in_redis_goes_by_itself(redis: Redis) -> None:
    budget = RedisBudget(redis, "mortal", FakeClock())
    lease = budget.admit(Ask(points=5, writes=True, creates=True, reserve=False))
    keys = list(redis.scan_iter("mycelium:github:{mortal}:*"))
    assert len(keys) == 5
    assert all(0 < redis.pttl(key) <= 2 * HOUR for key in keys)
    budget.settle(lease, Told(outcome=Outcome.REFUSED))
    assert all(0 < redis.pttl(key) <= 2 * HOUR for key in redis.scan_iter("mycelium:github:{mortal}:*"))
