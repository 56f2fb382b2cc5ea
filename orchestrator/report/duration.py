"""Durations as people read them: `0.4s`, `12s`, `1m 12s`, `2h 5m`, `3d 4h`."""

from __future__ import annotations

from datetime import datetime

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def human_duration(seconds: float) -> str:
    """Two units at most; tenths only below ten seconds. Negative spans (clocks that were set back) read `0s`."""
    if seconds < 9.95:
        tenths = max(0, round(seconds * 10))
        return "0s" if tenths == 0 else f"{tenths / 10:.1f}s"
    rest = round(seconds)
    for position, (unit, length) in enumerate(_UNITS):
        if rest >= length:
            first, rest = divmod(rest, length)
            smaller = _UNITS[position + 1 : position + 2]
            second = "".join(f" {rest // size}{name}" for name, size in smaller if rest // size)
            return f"{first}{unit}{second}"
    return "0s"


def clock_duration(seconds: float) -> str:
    """`0:07`, `1:12`, `1:02:03`: of steady width, for numbers that tick."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3_600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def span_seconds(start: datetime | None, end: datetime | None, now: datetime) -> float | None:
    """Seconds from `start` to `end`, or to `now` while it lasts; None before it began."""
    if start is None:
        return None
    return max(0.0, ((end or now) - start).total_seconds())
