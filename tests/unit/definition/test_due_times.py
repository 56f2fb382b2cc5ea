"""Which times of a schedule are due, and which of those that were missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.definition.cron import parse_cron
from orchestrator.definition.due import MAX_MADE_UP_TIMES, due
from orchestrator.definition.model import Trigger

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def schedule(cron: str, catch_up: str = "none", zone: str = "UTC") -> Trigger:
    return Trigger(event="schedule", filters={"entries": [{"cron": cron, "timezone": zone, "catch-up": catch_up}]})


def times(cron: str, since: datetime, until: datetime = NOON, **keys: str) -> list[str]:
    return [each.at.strftime("%d %H:%M") for each in due(schedule(cron, **keys), since, until)]


@pytest.mark.parametrize(
    ("since", "catch_up", "expected"),
    [
        (NOON - timedelta(minutes=1), "none", ["23 12:00"]),
        (NOON, "none", []),
        (NOON - timedelta(hours=3), "none", ["23 12:00"]),
        (NOON - timedelta(hours=3), "latest", ["23 12:00"]),
        (NOON - timedelta(hours=3), "all", ["23 10:00", "23 11:00", "23 12:00"]),
    ],
)
def test_what_was_missed(since: datetime, catch_up: str, expected: list[str]) -> None:
    assert times("0 * * * *", since, catch_up=catch_up) == expected


def test_a_little_late_is_not_missed() -> None:
    assert times("0 * * * *", NOON - timedelta(minutes=1), NOON + timedelta(minutes=2)) == ["23 12:00"]
    assert times("0 * * * *", NOON - timedelta(minutes=1), NOON + timedelta(minutes=3)) == []


def test_long_ago_is_forgotten_and_not_all_is_made_up_for() -> None:
    year = NOON - timedelta(days=365)
    assert len(times("* * * * *", year, catch_up="all")) == MAX_MADE_UP_TIMES
    assert times("0 0 1 * *", year, catch_up="all") == []
    assert times("0 0 20 * *", year, catch_up="all") == ["20 00:00"]


def test_several_entries_come_in_the_order_of_their_times() -> None:
    entries = [{"cron": cron, "timezone": "UTC", "catch-up": "all"} for cron in ("30 * * * *", "0 * * * *")]
    found = due(Trigger(event="schedule", filters={"entries": entries}), NOON - timedelta(hours=1), NOON)
    assert [each.cron for each in found] == ["30 * * * *", "0 * * * *"]
    assert due(Trigger(event="schedule"), NOON - timedelta(hours=1), NOON) == []


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(["*/20 * * * *", "30 2 * * *", "0 0 * * *", "15 1-3 * * 0"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001 - hypothesis wants it so
    st.integers(0, 60 * 36),
)
def test_between_is_one_after_the_other(cron: str, zone: str, start: datetime, minutes: int) -> None:
    parsed, since = parse_cron(cron, zone), start.replace(second=0, microsecond=0, tzinfo=UTC)
    until, at, expected = since + timedelta(minutes=minutes), since, []
    while (at := parsed.next_after(at)) <= until:
        expected.append(at)
    assert parsed.between(since, until) == expected
