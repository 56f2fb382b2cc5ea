"""Time as a port."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time as an argument: `now` is aware UTC, `monotonic` counts seconds and never steps back."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...
