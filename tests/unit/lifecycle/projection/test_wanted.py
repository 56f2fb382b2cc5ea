"""Which node runs have something of their own on GitHub."""

from __future__ import annotations

import pytest

from orchestrator.execution.showing import Shown, run_place
from orchestrator.execution.state import ExecutionStatus, NodeStatus
from orchestrator.github.credential import ABILITIES
from orchestrator.lifecycle.ports.github import Credential
from orchestrator.lifecycle.projection.wanted import MOST_APART, MOST_LASTING, Means, apart
from orchestrator.report.view import ExecutionView
from tests.fakes import views

ABLE = ABILITIES[Credential.APP]


def view_of(*counts: tuple[NodeStatus, int]) -> ExecutionView:
    """So many node runs of each status, which began a minute ago."""
    statuses = [status for status, count in counts for _ in range(count)]
    runs = [views.run(index, f"n{index}", status, start=0) for index, status in enumerate(statuses)]
    return views.view(views.execution("e1", ExecutionStatus.RUNNING, None), runs, [], [], now=views.at(60))


def shown(count: int) -> dict[str, Shown]:
    return {run_place(index): Shown(place=run_place(index), github_id=index + 1) for index in range(count)}


RUNNING, FAILED, WAITING = NodeStatus.RUNNING, NodeStatus.FAILED, NodeStatus.WAITING


@pytest.mark.parametrize(("has", "fresh"), [(0, 18), (10, 10), (MOST_LASTING, 0), (MOST_APART, 0)])
def test_what_only_runs_leaves_room_for_what_fails(has: int, fresh: int) -> None:
    assert len(apart(view_of((RUNNING, 100)), Means(abilities=ABLE), shown(has))) == has + fresh
    both = view_of((RUNNING, 60), (FAILED, 30), (WAITING, 1))
    found = apart(both, Means(abilities=ABLE), shown(has))
    assert len(found) <= MOST_APART
    told = [run for run in found if run.status is not RUNNING]
    assert len(told) == min(31, MOST_APART - has)
    assert has == MOST_APART or told[-1].status is WAITING, "who is asked goes before all others"


def test_past_half_of_the_hour_only_what_failed_or_waits_gets_one() -> None:
    for size in (15, 60):
        found = apart(view_of((RUNNING, size), (FAILED, 2), (WAITING, 1)), Means(abilities=ABLE, scarce=True), {})
        assert [run.status for run in found] == [FAILED, FAILED, WAITING]
