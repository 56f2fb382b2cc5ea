"""Mycelium in a hurry: importing this shortens the patience of a process and of all that it starts.

Lost workers then come back in seconds instead of half a minute. The limits bound how long the dead are waited for and
nothing else, so what holds with these holds with the real ones.
"""

from __future__ import annotations

from typing import Any

from orchestrator.app import preloading
from orchestrator.lifecycle import control
from orchestrator.lifecycle.attempts import attend
from orchestrator.queue import pool

LEASE_SECONDS = 6.0


def hurry() -> None:
    """Shorten all patience; the module names itself to those who fork, so that their children have it too."""
    shortened: tuple[tuple[Any, str, float], ...] = (
        (control, "LOST_AFTER_SECONDS", LEASE_SECONDS),
        (control, "CLEAN_UP_SECONDS", 30.0),
        (attend, "BEAT_SECONDS", 0.5),
        (pool, "LONGEST_PAUSE", 0.5),
    )
    for module, name, seconds in shortened:
        assert hasattr(module, name)
        setattr(module, name, seconds)
    if __name__ not in preloading.PRELOAD:
        setattr(preloading, "PRELOAD", (*preloading.PRELOAD, __name__))  # noqa: B010 - it is a constant to all others


hurry()
