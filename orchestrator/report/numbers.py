"""Counts, sizes and costs as people read them."""

from __future__ import annotations


def human_count(number: int) -> str:
    """`999`, `12.3k`, `4.5M`."""
    for limit, divisor, suffix in ((1_000, 1, ""), (999_950, 1_000, "k"), (999_950_000, 1_000_000, "M")):
        if number < limit:
            return f"{number}" if divisor == 1 else f"{_short(number / divisor)}{suffix}"
    return f"{_short(number / 1_000_000_000)}B"


def human_size(size: int) -> str:
    """Bytes in powers of 1,000: `312 B`, `1.2 MB`."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.95 or unit == "GB":
            return f"{size} B" if unit == "B" else f"{_short(value)} {unit}"
        value /= 1_000
    raise AssertionError("unreachable")


def human_cost(usd: float, estimated: bool = False) -> str:
    """`$0.42`; `<$0.01` for what would round to nothing, and `≈$0.42` for an estimate."""
    about = "≈" if estimated else ""
    if 0 < usd < 0.005:
        return f"{about}<$0.01"
    return f"{about}${usd:,.2f}"


def plural(number: int, noun: str, nouns: str = "") -> str:
    """`1 file`, `3 files`."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") if value < 99.95 else f"{value:.0f}"
