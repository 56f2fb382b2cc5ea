"""Times as GitHub writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def shown(moment: datetime) -> str: ...
@overload
def shown(moment: None) -> None: ...
def shown(moment: datetime | None) -> str | None:
    """Whole seconds of UTC, with a Z."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))
