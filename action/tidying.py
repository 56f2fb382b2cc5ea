"""Keeping the history branch small: once a week a job forgets what nobody looks for any more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from action.commands import JobLog
from orchestrator.errors import MyceliumError

if TYPE_CHECKING:
    from orchestrator.lifecycle.archive.keeper import Keeper
    from orchestrator.lifecycle.archive.saving import Saved

PERIOD: Final = timedelta(days=7)
"""How long the branch grows before its commits are made one."""


class Tidying:
    """Of one branch; executions that ended more than `days` ago are dropped, and none where there are none."""

    def __init__(self, keeper: Keeper, log: JobLog, days: int | None) -> None:
        self._keeper = keeper
        self._log = log
        self._days = days
        self._is_due = False

    def note(self, saved: Saved) -> None:
        """What the branch said of itself when this was saved."""
        self._is_due = saved.squashed_at is None or saved.entry.saved_at - saved.squashed_at > PERIOD

    def tidy(self) -> None:
        """Do it where it is due and nobody else has. What cannot be done is told, and left to the next job."""
        if not self._is_due:
            return
        try:
            done = self._keeper.squash(drop_after_days=self._days, unless_within_days=PERIOD.days)
        except MyceliumError as error:
            self._log.line(f"History: it grows, as what is of no use any more cannot be forgotten: {error}")
            return
        if done.done:
            old = f", {len(done.dropped)} that ended more than {self._days} days ago are dropped" * bool(done.dropped)
            self._log.line(f"History: earlier states of executions are forgotten{old}.")
