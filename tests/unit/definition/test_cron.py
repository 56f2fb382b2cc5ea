"""Cron expressions, checked against known dates and against a walk through every minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.definition.cron import CronError, parse_cron


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "after", "due"),
    [
        ("0 6 * * 1-5", "Europe/Berlin", "2026-03-27T12:00", "2026-03-30T04:00"),
        ("* * * * *", "UTC", "2026-01-01T00:00:30", "2026-01-01T00:01"),
        ("0 0 1 1 *", "UTC", "2026-01-01T00:00", "2027-01-01T00:00"),
        ("20/15 * * * *", "UTC", "2026-01-01T00:21", "2026-01-01T00:35"),
        ("5-10/5,40 3 * * *", "UTC", "2026-01-01T03:10", "2026-01-01T03:40"),
        ("0 0 * jan-MAR sun", "UTC", "2026-04-01T00:00", "2027-01-03T00:00"),
        ("0 0 * * 7", "UTC", "2026-11-22T19:00", "2026-11-29T00:00"),
        ("0 0 29 2 *", "UTC", "2096-03-01T00:00", "2104-02-29T00:00"),
        # Both day fields restricted: either is enough. One begins with `*`: both must hold.
        ("0 0 13 * 5", "UTC", "2026-01-01T00:00", "2026-01-02T00:00"),
        ("0 0 */2 * MON", "UTC", "2026-01-06T00:00", "2026-01-19T00:00"),
        # 29 March 2026: Berlin skips 02:00 to 03:00.
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T22:00", "2026-03-29T01:30"),
        ("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:30", "2026-03-29T01:00"),
        # 25 October 2026: Berlin shows 02:00 to 03:00 twice.
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T22:00", "2026-10-25T00:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("30 * * * *", "Europe/Berlin", "2026-10-25T00:30", "2026-10-25T01:30"),
        # Samoa had no 30 December 2011.
        ("0 12 30 12 *", "Pacific/Apia", "2011-12-29T00:00", "2011-12-30T22:00"),
    ],
)
def test_next_after(cron: str, zone: str, after: str, due: str) -> None:
    assert parse_cron(cron, zone).next_after(at(after)) == at(due)


@pytest.mark.parametrize(
    "text",
    [
        *("", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *"),
        *("* * * * 8", "a * * * *", "*/0 * * * *", "5-1 * * * *", "1,,2 * * * *", "-1 * * * *", "² * * * *", "@daily"),
        *("0 0 30 2 *", "1/2/3 * * * *", "* * * foo *", "99999999999 * * * *"),
    ],
)
def test_what_is_no_cron_expression(text: str) -> None:
    with pytest.raises(CronError):
        parse_cron(text)


@pytest.mark.parametrize("zone", ["", "Nowhere", "../etc/passwd", "/etc/passwd", "Europe", "a\x00b"])
def test_unknown_zones(zone: str) -> None:
    with pytest.raises(CronError, match="time zone"):
        parse_cron("* * * * *", zone)


_MOMENTS = st.one_of(
    st.datetimes(at("2026-03-28").replace(tzinfo=None), at("2026-03-31").replace(tzinfo=None)),
    st.datetimes(at("2026-10-24").replace(tzinfo=None), at("2026-10-27").replace(tzinfo=None)),
)


@settings(max_examples=60, deadline=None)
@given(moment=_MOMENTS, hour=st.sampled_from(["*", "*/2", "*/3"]), minute=st.sampled_from(["*/15", "7", "0,30"]))
def test_next_after_is_the_first_minute_whose_clock_matches(moment: datetime, hour: str, minute: str) -> None:
    cron = parse_cron(f"{minute} {hour} * * *", "Europe/Berlin")
    start = moment.replace(tzinfo=UTC)
    due = cron.next_after(start)
    walked = start.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while not _shows(walked, cron.zone, cron.hours, cron.minutes) and walked < due:
        walked += timedelta(minutes=1)
    assert walked == due


def _shows(moment: datetime, zone: object, hours: tuple[int, ...], minutes: tuple[int, ...]) -> bool:
    wall = moment.astimezone(zone)  # type: ignore[arg-type]
    return wall.hour in hours and wall.minute in minutes
