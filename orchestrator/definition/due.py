"""Which times of a `schedule` are due, also those that passed while nobody looked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from orchestrator.definition.cron import parse_cron
from orchestrator.definition.model import JsonValue, Trigger

GRACE: Final = timedelta(minutes=2)
"""How late a time may be noticed without having been missed."""

MAX_MADE_UP_DAYS: Final = 7
"""How far back missed times are looked for."""

MAX_MADE_UP_TIMES: Final = 100
"""How many missed times of one entry `catch-up: all` makes up for: the latest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """One time of one entry; `at` is in UTC."""

    cron: str
    timezone: str
    at: datetime


def due(trigger: Trigger, since: datetime, until: datetime) -> list[Due]:
    """What is due of a `schedule` after `since` and until `until`, which are aware, as `catch-up` of each entry says.

    `none` leaves out what was missed, `latest` starts once for all of it, `all` for each.
    """
    entries = trigger.filters.get("entries")
    found = [_of_entry(entry, since, until) for entry in entries] if isinstance(entries, list) else []
    return sorted((each for times in found for each in times), key=lambda each: each.at)


def _of_entry(entry: JsonValue, since: datetime, until: datetime) -> list[Due]:
    if not isinstance(entry, dict):
        return []
    text, zone = str(entry.get("cron")), str(entry.get("timezone", "UTC"))
    times = parse_cron(text, zone).between(max(since, until - timedelta(days=MAX_MADE_UP_DAYS)), until)
    match entry.get("catch-up"):
        case "all":
            kept = times[-MAX_MADE_UP_TIMES:]
        case "latest":
            kept = times[-1:]
        case _:
            kept = [at for at in times if until - at <= GRACE]
    return [Due(cron=text, timezone=zone, at=at) for at in kept]
