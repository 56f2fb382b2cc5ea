"""When a job makes the history branch small."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from action.commands import JobLog
from action.tidying import Tidying
from orchestrator.errors import Unavailable
from orchestrator.lifecycle.archive.keeper import Squashed

NOW = datetime(2026, 11, 1, tzinfo=UTC)
FORGOTTEN = "History: earlier states of executions are forgotten, 1 that ended more than 90 days ago are dropped.\n"


class Branch:
    """One that `others` may have made small meanwhile."""

    def __init__(self, *, others: bool = False, away: bool = False) -> None:
        self.others, self.away = others, away
        self.asked: list[dict[str, int | None]] = []

    def squash(self, **how: int | None) -> Squashed:
        self.asked.append(how)
        if self.away:
            raise Unavailable("the remote is away")
        return Squashed(records=1, dropped=("old",), done=not self.others)


def tidied(branch: Branch, *squashed_at: datetime | None) -> str:
    """What the log says after executions were saved and the branch said this of itself."""
    stream = io.StringIO()
    tidying = Tidying(cast(Any, branch), JobLog(stream), 90)
    for each in squashed_at:
        tidying.note(cast(Any, SimpleNamespace(entry=SimpleNamespace(saved_at=NOW), squashed_at=each)))
    tidying.tidy()
    return stream.getvalue()


@pytest.mark.parametrize("since", [NOW - timedelta(days=8), None])
def test_after_a_week_it_is_done_and_told(since: datetime | None) -> None:
    branch = Branch()
    assert tidied(branch, since) == FORGOTTEN
    assert branch.asked == [{"drop_after_days": 90, "unless_within_days": 7}]
    assert tidied(Branch(others=True), since) == ""


@pytest.mark.parametrize("since", [[], [NOW - timedelta(days=6)], [NOW - timedelta(days=8), NOW]])
def test_else_the_branch_is_not_asked(since: list[datetime]) -> None:
    branch = Branch()
    assert tidied(branch, *since) == ""
    assert branch.asked == []


def test_a_branch_that_cannot_be_made_small_fails_nothing() -> None:
    assert "cannot be forgotten: the remote is away" in tidied(Branch(away=True), None)
