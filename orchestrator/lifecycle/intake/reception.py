"""What is to be done about events once they have been received: schedules, turns, answers.

It works beside the control loop, because all of it asks GitHub, and leases and timers must not wait for that.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from orchestrator.errors import MyceliumError
from orchestrator.lifecycle.intake.answering import answer
from orchestrator.lifecycle.intake.occasion import Desk
from orchestrator.lifecycle.intake.receive import release
from orchestrator.lifecycle.intake.schedules import fire

STEP_SECONDS: Final = 2.0
"""How often it looks."""


class Reception:
    """Of one repository; lives as long as its process, and may die at any time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._fired_at: datetime | None = None

    def step(self) -> float:
        """One pass; the seconds after which it wants to be called again.

        What fails holds up nothing else; the first error is raised once all has been tried.
        """
        trouble: MyceliumError | None = None
        for part in (self._fire, self._release, self._answer):
            try:
                part()
            except MyceliumError as error:
                trouble = trouble or error
        if trouble:
            raise trouble
        return STEP_SECONDS

    def _fire(self) -> None:
        """Schedules know minutes, and looking at them costs a request."""
        minute = self._desk.services.clock.now().replace(second=0, microsecond=0)
        if minute != self._fired_at:
            fire(self._desk)
            self._fired_at = minute

    def _release(self) -> None:
        release(self._desk)

    def _answer(self) -> None:
        answer(self._desk)
