"""What a killed job has left, and nobody can go on with: GitHub does not show it as at work for ever."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from action.commands import JobLog
from action.kept_history import KeptHistory
from orchestrator.execution.state import ExecutionStatus, NodeStatus
from orchestrator.lifecycle.intake.occasion import Delivery
from orchestrator.lifecycle.ports.github import Busy
from orchestrator.lifecycle.projection.burying import TITLE, Lost, bury
from orchestrator.report.check_run import CheckRun, CheckStatus, Conclusion
from orchestrator.report.comment import marker, newest_marker
from tests.fakes.garden import STRANGER
from tests.fakes.hosted import Hosted
from tests.fakes.payloads import payload

FLOW = {"workflows/r.yaml": "on: pull_request\nnodes:\n  a: {run: x}\n  b: {run: y, needs: a}\n"}
ENDED: dict[str, Any] = {"status": CheckStatus.COMPLETED, "conclusion": Conclusion.SUCCESS}
AT_WORK: dict[str, Any] = {"status": CheckStatus.IN_PROGRESS, "conclusion": None}


@pytest.fixture
def hosted(tmp_path: Path) -> Hosted:
    """A job was killed that had shown this; another execution is at work on the same commit."""
    made = Hosted(tmp_path, FLOW, holder="1/1/run@m.yml")
    for place, state in ((made.id, AT_WORK), (f"{made.id}/0", ENDED), (f"{made.id}/1", AT_WORK), ("other/0", AT_WORK)):
        check = CheckRun(name=place, external_id=place, title="t", summary="s", **state)
        made.github.create_check_run(made.pull.head_sha, check)
    for execution_id in (made.id, "other"):
        body = f"{marker('r')}\n{newest_marker(execution_id)}\nrunning"
        made.github.add_comment(made.pull.number, made.github.me(), body)
    return made


def brought(hosted: Hosted, number: int, *, gone: bool) -> str:
    """The next job; what its log says."""
    keeper, desk = hosted.job(number, f"{number}/1/run@m.yml")
    stream = io.StringIO()
    kept = KeptHistory(keeper, desk.services, cast(Any, None), JobLog(stream))
    kept._is_gone = lambda _: gone  # type: ignore[method-assign]
    kept.bring(desk, [Delivery(id="1", event="pull_request", payload=payload("opened"))], ["r"], [])
    return stream.getvalue()


def states(hosted: Hosted) -> dict[str, str]:
    found = hosted.github.find_check_runs(hosted.pull.head_sha)
    return {each.external_id.replace(hosted.id, "it"): each.conclusion or each.status for each in found}


def test_what_may_not_go_on_is_ended_and_let_go(hosted: Hosted) -> None:
    number = hosted.pull.number
    hosted.github.repo.pull_requests[number] = replace(hosted.pull, author=STRANGER)
    before = states(hosted)
    assert brought(hosted, 2, gone=False) == ""
    assert states(hosted) == before
    assert "pull request 1 is another one" in brought(hosted, 3, gone=True)
    assert states(hosted) == {"it": "cancelled", "it/0": "success", "it/1": "cancelled", "other/0": "in_progress"}
    ended, other = hosted.github.comment_bodies(number)
    assert ended.startswith(f"{marker('r')}\n{newest_marker(hosted.id)}\n**{TITLE}.**")
    assert "is another one than that of its event" in ended
    assert other.endswith("running")
    keeper, desk = hosted.job(4)
    (entry,) = keeper.entries()
    assert (entry.holder, entry.status, entry.number) == ("", ExecutionStatus.CANCELLED, 1)
    assert keeper.pull() == (hosted.id,)
    execution = desk.services.store.execution(hosted.id)
    assert execution.status is ExecutionStatus.CANCELLED
    assert str(execution.error_message).startswith("its job was killed, and it does not go on: execution")
    assert {run.status for run in desk.services.store.runs(hosted.id)} == {NodeStatus.CANCELLED}
    assert not keeper.save(hosted.id).changed
    assert brought(hosted, 5, gone=True) == ""


def test_what_cannot_be_read_is_let_go_and_stays_as_it_is(hosted: Hosted) -> None:
    (entry,) = hosted.job(4)[0].entries()
    hosted.remote.files[entry.path] = b"what somebody pushed"
    assert "cannot be read" in brought(hosted, 5, gone=True)
    (left,) = hosted.job(6)[0].entries()
    assert left == replace(entry, holder="", held_at=None)
    assert hosted.remote.files[entry.path] == b"what somebody pushed"


def test_it_is_told_a_write_at_a_time_and_gives_up_in_the_end(hosted: Hosted) -> None:
    lost = Lost(execution_id=hosted.id, workflow_id="r", head=hosted.pull.head_sha, thread=None, why="@all <b>")
    hosted.github.fail("update_check_run", Busy("no room", until=hosted.garden.world.clock.now()))
    slept: list[float] = []
    bury(hosted.github, lost, sleep=slept.append)
    assert len(slept) == 1
    assert states(hosted)["it"] == states(hosted)["it/1"] == "cancelled"
