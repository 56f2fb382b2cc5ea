"""The account of a credential: no limit is ever exceeded, whoever asks when; and no one waits longer than needed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.github.budget.ledger import Ledger
from orchestrator.github.budget.limits import HOUR, LEASE, MINUTE, SECOND, Ask, Limits, Outcome, Quota, Reason, Told

READ = Ask(points=1, writes=False, creates=False, reserve=True)
EDIT = Ask(points=5, writes=True, creates=False, reserve=False)
CREATE = Ask(points=5, writes=True, creates=True, reserve=False)
URGENT = Ask(points=5, writes=True, creates=True, reserve=True)
DONE = Told(outcome=Outcome.DONE)
NOW = 1_800_000_000_123

asks = st.builds(
    Ask, points=st.sampled_from([1, 5]), writes=st.booleans(), creates=st.booleans(), reserve=st.booleans()
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    at: int
    ask: Ask


def most_within(moments: list[tuple[int, int]], span: int) -> int:
    """The largest sum of any window of `span`, of (time, amount)."""
    return max((sum(a for at, a in moments if begin <= at < begin + span) for begin, _ in moments), default=0)


passing = st.sampled_from([0, 1, 300, 877, 20_000, 59_001, 59_500, 3_595_000]) | st.integers(0, 1_500)
"""Milliseconds, among them those that lead just past the edges of buckets and windows."""


@given(
    steps=st.lists(st.tuples(passing, asks), min_size=10, max_size=120),
    ends=st.booleans(),
)
@settings(max_examples=120, deadline=None)
def test_no_window_ever_holds_more_than_it_may(steps: list[tuple[int, Ask]], ends: bool) -> None:
    limits = Limits(points_a_minute=15, creations_a_minute=2, creations_an_hour=5, at_once=5, between_writes=300)
    ledger, now, sent, leases = Ledger(), NOW, list[Sent](), count()
    for passed, ask in steps:
        now += passed
        lease = str(next(leases))
        if ledger.admit(now, lease, ask, limits) is None:
            sent.append(Sent(at=now, ask=ask))
            if ends:
                ledger.settle(now, lease, DONE)
    others = [each for each in sent if not each.ask.reserve]
    for those, share in ((sent, 1.0), (others, 0.8)):
        assert most_within([(each.at, each.ask.points) for each in those], MINUTE) <= 15 * share
        created = [(each.at, 1) for each in those if each.ask.creates]
        assert most_within(created, MINUTE) <= 2 * share
        assert most_within(created, HOUR) <= 5 * share
    writes = [each.at for each in sent if each.ask.writes]
    assert all(later - earlier >= 300 for earlier, later in pairwise(writes))
    if not ends:
        assert most_within([(each.at, 1) for each in sent], LEASE) <= 5


@given(steps=st.lists(st.tuples(st.integers(0, 5_000), asks), min_size=1, max_size=60), last=asks)
@settings(max_examples=60, deadline=None)
def test_who_waits_as_told_gets_through(steps: list[tuple[int, Ask]], last: Ask) -> None:
    limits = Limits(points_a_minute=30, creations_a_minute=5, creations_an_hour=10, at_once=5)
    ledger, now = Ledger(), NOW
    for passed, ask in steps:
        now += passed
        if ledger.admit(now, "one", ask, limits) is None:
            ledger.settle(now, "one", DONE)
    refused = ledger.admit(now, "last", last, limits)
    if refused:
        wait, reason = refused
        # Asked a moment earlier, the answer is the same but for that moment.
        assert ledger.admit(now + wait - 1, "last", last, limits) == (1, reason)
        assert ledger.admit(now + wait, "last", last, limits) is None


def test_what_a_credential_can_do_in_an_hour() -> None:
    limits, ledger, now, leases = Limits(), Ledger(), NOW, count()
    made = {False: 0, True: 0}
    for ask in (CREATE, URGENT):
        while now < NOW + HOUR:
            lease = str(next(leases))
            refused = ledger.admit(now, lease, ask, limits)
            ledger.settle(now, lease, DONE)
            if refused and refused[1] is Reason.HOUR:
                break
            made[ask.reserve] += not refused
            now += refused[0] if refused else 0
    assert made == {False: 400, True: 100}
    assert ledger.created(now) == 500


def test_one_second_lies_between_two_writes_and_none_between_reads() -> None:
    ledger = Ledger()
    assert ledger.admit(NOW, "a", EDIT, Limits()) is None
    assert ledger.admit(NOW + 400, "b", EDIT, Limits()) == (600, Reason.WRITES)
    assert ledger.admit(NOW + 400, "c", READ, Limits()) is None


def test_a_request_whose_process_died_is_under_way_for_a_minute() -> None:
    limits, ledger = Limits(at_once=2, share=1.0), Ledger()
    assert [ledger.admit(NOW, name, READ, limits) for name in ("a", "b")] == [None, None]
    assert ledger.admit(NOW, "c", READ, limits) == (SECOND, Reason.AT_ONCE)
    ledger.settle(NOW, "a", DONE)
    assert ledger.admit(NOW, "c", READ, limits) is None
    assert ledger.admit(NOW + LEASE - 1, "d", READ, limits) == (SECOND, Reason.AT_ONCE)
    assert ledger.admit(NOW + LEASE, "d", READ, limits) is None


def test_a_refusal_that_says_how_long_closes_for_all() -> None:
    ledger = Ledger()
    assert ledger.settle(NOW, "a", Told(outcome=Outcome.REFUSED, wait=7_000)) == 7_000
    assert ledger.admit(NOW + 1_000, "b", READ, Limits()) == (6_000, Reason.CLOSED)
    # A shorter one, told to another process, opens nothing.
    assert ledger.settle(NOW + 1_000, "c", Told(outcome=Outcome.REFUSED, wait=1_000)) == 6_000
    assert ledger.admit(NOW + 7_000, "b", READ, Limits()) is None


def test_refusals_without_a_time_double_up_to_a_quarter_of_an_hour_until_a_write_gets_through() -> None:
    ledger, refused = Ledger(), Told(outcome=Outcome.REFUSED)
    waits = [ledger.settle(NOW + turn * HOUR, "a", refused) // MINUTE for turn in range(7)]
    assert waits == [1, 2, 4, 8, 16, 16, 16]
    ledger.settle(NOW + 8 * HOUR, "a", DONE)
    assert ledger.settle(NOW + 9 * HOUR, "a", refused) == 16 * MINUTE
    ledger.settle(NOW + 10 * HOUR, "a", Told(outcome=Outcome.DONE, wrote=True))
    assert ledger.settle(NOW + 11 * HOUR, "a", refused) == MINUTE


def test_an_outage_is_noticed_at_the_third_failure_and_its_end_within_half_a_minute() -> None:
    ledger, trouble = Ledger(), Told(outcome=Outcome.TROUBLE)
    waits = [ledger.settle(NOW + turn * HOUR, "a", trouble) // SECOND for turn in range(9)]
    assert waits == [0, 0, 2, 4, 8, 16, 30, 30, 30]
    ledger.settle(NOW + 10 * HOUR, "a", DONE)
    assert ledger.settle(NOW + 11 * HOUR, "a", trouble) == 0


def quota(remaining: int, resets_in: int = HOUR, limit: int = 1_000) -> Told:
    return Told(outcome=Outcome.DONE, quota=Quota(limit=limit, remaining=remaining, resets_in=resets_in))


@pytest.mark.parametrize(
    ("remaining", "ask", "refused"),
    [
        (201, EDIT, None),
        (200, EDIT, (HOUR, Reason.QUOTA)),
        (200, URGENT, None),
        (1, READ, None),
        (0, READ, (HOUR, Reason.QUOTA)),
    ],
)
def test_a_fifth_of_the_quota_is_left_for_people(remaining: int, ask: Ask, refused: tuple[int, Reason] | None) -> None:
    ledger = Ledger()
    ledger.settle(NOW, "a", quota(remaining))
    assert ledger.admit(NOW, "b", ask, Limits()) == refused


def test_what_is_under_way_counts_as_used_up() -> None:
    ledger = Ledger()
    ledger.settle(NOW, "a", quota(2))
    assert [ledger.admit(NOW, name, READ, Limits()) for name in "bc"] == [None, None]
    assert ledger.admit(NOW, "d", READ, Limits()) == (HOUR, Reason.QUOTA)


def test_answers_that_come_late_raise_no_figure_and_a_new_hour_does() -> None:
    ledger = Ledger()
    ledger.settle(NOW, "a", quota(10))
    ledger.settle(NOW, "b", quota(50, HOUR + SECOND))
    assert ledger.remaining == 10
    ledger.settle(NOW + HOUR, "c", quota(999, HOUR))
    assert (ledger.remaining, ledger.reset) == (999, NOW + 2 * HOUR)
    ledger.settle(NOW + HOUR, "d", quota(5, 10 * SECOND))
    assert ledger.remaining == 999, "it belongs to the hour before"
    assert ledger.admit(NOW + 3 * HOUR, "e", EDIT, Limits()) is None, "of the new hour nothing is known yet"
