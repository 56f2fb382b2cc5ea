"""Parts of worker and control loop processes for tests that cannot wait as long as real ones do.

A `Link` names them, so they are called once in each child, after the fork.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestrator import app
from orchestrator import settings as configuration
from orchestrator.lifecycle import control as loop
from orchestrator.lifecycle.attempts import attend
from orchestrator.lifecycle.control import ControlLoop
from orchestrator.lifecycle.services import Services

LOST_AFTER_SECONDS = 4.0
BEAT_SECONDS = 0.2
DRAIN_SECONDS = 0.5


class SetClock:
    """A wall clock that a file sets ahead, or back, by so many seconds; the other clock goes on as ever."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self._file.read_text()))

    def monotonic(self) -> float:
        return app.SystemClock().monotonic()


def services(*, redis_url: str, instance: str, root: str, environ: str, clock: str = "") -> Services:
    """As `app.build_in_child`, with an environment of its own, frequent beats, a short drain, and a clock to set."""
    os.environ.clear()
    os.environ.update(json.loads(environ))
    attend.BEAT_SECONDS = BEAT_SECONDS  # type: ignore[misc]  # final for everybody else
    attend.DRAIN_SECONDS = DRAIN_SECONDS
    built = app.build(configuration.load(Path(root), os.environ), redis_url=redis_url, instance=instance)
    return replace(built, clock=SetClock(Path(clock))) if clock else built


def control(services: Services, seat: str) -> ControlLoop:
    """A control loop that takes a lease for lost after `LOST_AFTER_SECONDS`."""
    loop.LOST_AFTER_SECONDS = LOST_AFTER_SECONDS  # type: ignore[misc]  # final for everybody else
    return ControlLoop(services, seat)
