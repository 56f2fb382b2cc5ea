"""Cron expressions of five fields, and when one is due next in its time zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from orchestrator.errors import BadInput

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_WEEKDAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
# 29 February is eight years apart around a century that is no leap year.
_HORIZON_DAYS = 366 * 9
# The largest jump of a clock: Samoa skipped a whole day in 2011.
_LARGEST_SHIFT = timedelta(hours=25)


class CronError(BadInput):
    """The text is no cron expression, or never comes due."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: Mapping[str, int]


_FIELDS = (
    _Field(name="minute", low=0, high=59, names={}),
    _Field(name="hour", low=0, high=23, names={}),
    _Field(name="day of month", low=1, high=31, names={}),
    _Field(name="month", low=1, high=12, names=_MONTHS),
    _Field(name="day of week", low=0, high=7, names=_WEEKDAYS),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cron:
    """A parsed expression and the zone its hours are in.

    Where both day fields are restricted (do not begin with `*`), either of them is enough, as in every cron.
    """

    text: str
    zone: ZoneInfo
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    every_hour: bool

    def next_after(self, moment: datetime) -> datetime:
        """The first time due after `moment` (aware), in UTC.

        A time that the clock skips counts as if the clock had not been moved (02:30 is 03:30 then). A time that the
        clock shows twice is due once, the first time; with `*` as hour both times.
        """
        first = next((instant for instant in self._instants(self._start(moment)) if instant > moment), None)
        if first is None:
            raise CronError(f"`{self.text}` is never due")
        if self._steady(first):
            return first
        # Around a change of the clock, a later wall time may be an earlier instant.
        end = first + _LARGEST_SHIFT
        near = takewhile(lambda instant: instant <= end, self._instants(self._start(moment)))
        return min(instant for instant in near if instant > moment)

    def between(self, since: datetime, until: datetime) -> list[datetime]:
        """All times due after `since` and until `until` (both aware), in UTC, ascending."""
        start = since.astimezone(self.zone).replace(tzinfo=None) - _LARGEST_SHIFT
        end = until + 2 * _LARGEST_SHIFT
        near = takewhile(lambda instant: instant <= end, self._instants(start))
        return sorted({instant for instant in near if since < instant <= until})

    def _instants(self, start: datetime) -> Iterator[datetime]:
        for wall in self._walls(start):
            yield from self._at(wall)

    def _start(self, moment: datetime) -> datetime:
        wall = moment.astimezone(self.zone).replace(tzinfo=None)
        return wall if self._steady(moment) else wall - _LARGEST_SHIFT

    def _steady(self, moment: datetime) -> bool:
        """Whether the clock is not moved near `moment`."""
        around = (moment - 2 * _LARGEST_SHIFT, moment, moment + 2 * _LARGEST_SHIFT)
        return len({instant.astimezone(self.zone).utcoffset() for instant in around}) == 1

    def _at(self, wall: datetime) -> list[datetime]:
        folds = (0, 1) if self.every_hour else (0,)
        instants = {wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in folds}
        # In a skipped hour the second reading lies before the first; only the first counts.
        shown = [one for one in instants if one.astimezone(self.zone).replace(tzinfo=None) == wall]
        return sorted(shown) or [wall.replace(tzinfo=self.zone).astimezone(UTC)]

    def _walls(self, start: datetime) -> Iterator[datetime]:
        """Every due wall-clock time from `start`, ascending, for nine years."""
        for ahead in range(_HORIZON_DAYS):
            day = start.date() + timedelta(days=ahead)
            if not self._on(day):
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    wall = datetime.combine(day, time(hour, minute))
                    if wall >= start:
                        yield wall

    def _on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return in_month or in_week if self.either_day else in_month and in_week


def parse_cron(text: str, timezone: str = "UTC") -> Cron:
    """Parse `minute hour day month weekday`. Raises `CronError`."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        message = f"`{text}` is no cron expression: it has {len(parts)} fields, not 5"
        raise CronError(message, hint="minute hour day-of-month month day-of-week, such as `0 6 * * 1-5`")
    values = [_field(part, field) for part, field in zip(parts, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = values
    cron = Cron(
        text=text,
        zone=zone_of(timezone),
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(number % 7 for number in weekdays),
        either_day=not (parts[2].startswith("*") or parts[4].startswith("*")),
        every_hour=parts[1].startswith("*"),
    )
    if next(cron._walls(datetime(2000, 1, 1)), None) is None:  # noqa: DTZ001 - a wall-clock time has no zone
        raise CronError(f"`{text}` is never due", hint="that day does not exist in that month")
    return cron


def zone_of(name: str) -> ZoneInfo:
    """The IANA time zone `name`. Raises `CronError`."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        hint = "use an IANA name such as `Europe/Berlin`"
        raise CronError(f"unknown time zone `{name[:60]}`", hint=hint) from error


def _field(text: str, field: _Field) -> set[int]:
    values: set[int] = set()
    for part in text.split(","):
        values.update(_part(part, field))
    return values


def _part(text: str, field: _Field) -> range:
    span, slash, step_text = text.partition("/")
    step = _number(step_text, field, low=1) if slash else 1
    if span == "*":
        return range(field.low, field.high + 1, step)
    low_text, dash, high_text = span.partition("-")
    low = _number(low_text, field)
    # `5/15` runs to the end of the range, as GitHub documents.
    high = _number(high_text, field) if dash else field.high if slash else low
    if high < low:
        raise CronError(f"the range `{span}` of the {field.name} runs backwards")
    return range(low, high + 1, step)


def _number(text: str, field: _Field, low: int | None = None) -> int:
    if text.lower() in field.names:
        return field.names[text.lower()]
    least = field.low if low is None else low
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and least <= int(text) <= field.high):
        hint = f"it takes {least} to {field.high}, ranges, steps and lists"
        raise CronError(f"`{text[:20]}` is no {field.name}", hint=hint)
    return int(text)
