"""Commands about executions of earlier jobs: each acts on what the history has, or says why it does not."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from action import hearing
from action.commands import JobLog
from action.finish import left_behind
from action.hearing import Hearing, own_comments
from action.history import Brought
from action.kept_history import KeptHistory
from orchestrator.errors import Unavailable
from orchestrator.execution.state import Execution, ExecutionStatus
from orchestrator.lifecycle.intake.occasion import Delivery
from orchestrator.lifecycle.intake.receive import receive
from orchestrator.lifecycle.ports import Decision, Ruling
from orchestrator.lifecycle.ports.github import Forbidden, User
from tests.fakes.checkout import eventually
from tests.fakes.garden import MEMBER, STRANGER
from tests.fakes.hosted import ANN, Hosted, work
from tests.fakes.payloads import account, commented, payload, pushed

TIMED = {
    "workflows/r.yaml": "on: pull_request\nnodes:\n"
    "  gate: {approval: {message: go, timeout-minutes: 3, on-timeout: WHAT}}\n  after: {run: x, needs: gate}\n"
}


class Job:
    """One that begins with nothing but the repository. `gone` are the holders that GitHub knows to have ended."""

    def __init__(self, hosted: Hosted, number: int, *, holder: str = "", gone: Sequence[str] = ()) -> None:
        self.hosted = hosted
        self.keeper, self.desk = hosted.job(number, holder)
        self.stream = io.StringIO()
        self.log = JobLog(self.stream)
        self.kept = KeptHistory(self.keeper, self.desk.services, cast(Any, None), self.log)
        self.kept._is_gone = lambda holder: holder in gone  # type: ignore[method-assign]
        self.brought = Brought()

    @property
    def now(self) -> datetime:
        return self.desk.services.clock.now()

    @property
    def execution(self) -> Execution:
        return self.desk.services.store.execution(self.hosted.id)

    def writes(self, by: User, line: str, *, ago: float = 0.0, **keys: Any) -> dict[str, Any]:
        """Somebody comments so many seconds ago; the event."""
        number, at = self.hosted.pull.number, self.now.replace(microsecond=0) - timedelta(seconds=ago)
        made = self.hosted.github.add_comment(number, by, line)
        self.hosted.github.repo.comments[made.id] = (number, replace(made, created_at=at, updated_at=at, **keys))
        event = commented(line, number=number, sender=account(by.login, by.id, by.kind), comment_id=made.id)
        event["comment"]["created_at"] = at.isoformat()
        return event

    def said(self, by: User, line: str, *, ago: float = 0.0) -> Decision:
        """The job of that comment, up to its end; what was decided."""
        return self.does(Delivery(id="1", event="issue_comment", payload=self.writes(by, line, ago=ago)))[0]

    def does(self, delivery: Delivery) -> list[Decision]:
        """As `action.run` does it."""
        late = self.kept.bring_late(self.desk, self.kept.late())
        self.brought = self.kept.bring(self.desk, [delivery], [], late)
        made = receive(replace(self.desk, elsewhere=self.brought.elsewhere), delivery)
        went_on = self.kept.go_on(self.brought.held)
        work(self.desk)
        self.kept.keep(went_on)
        return made

    def hears(self, *events: dict[str, Any], began: float = 0.0) -> None:
        """What a job does about comments while it runs; it began so many seconds ago."""
        own = own_comments([Delivery(id="1", event="issue_comment", payload=each) for each in events])
        Hearing(self.desk, self.log, self.now - timedelta(seconds=began), own).hear()
        work(self.desk)


@pytest.fixture
def hosted(tmp_path: Path) -> Hosted:
    return Hosted(tmp_path)


def timed(folder: Path, on_timeout: str) -> Hosted:
    return Hosted(folder, {path: text.replace("WHAT", on_timeout) for path, text in TIMED.items()})


def push(hosted: Hosted) -> Delivery:
    event = pushed("refs/heads/other", after=hosted.garden.main, sender=account())
    return Delivery(id="9", event="push", payload=event)


def test_each_command_acts_on_the_execution_of_an_earlier_job(hosted: Hosted) -> None:
    job = Job(hosted, 2)
    assert job.said(ANN, "/mycelium approve gate").ruling is Ruling.MATCHED
    assert (job.execution.status, job.brought.held, job.brought.late) == (ExecutionStatus.WAITING, (hosted.id,), ())
    status = Job(hosted, 3).said(ANN, "/mycelium status")
    assert status.lines == (f"`r` number 1, execution {hosted.id}: waiting",)
    explained = Job(hosted, 4).said(ANN, "/mycelium explain")
    assert "`/mycelium approve gate`" in explained.lines[0]
    job = Job(hosted, 5)
    assert job.said(ANN, "/mycelium cancel").reason == f"cancelled: execution {hosted.id}"
    assert job.execution.status is ExecutionStatus.CANCELLED
    (entry,) = job.keeper.entries()
    assert (entry.status, entry.holder) == (ExecutionStatus.CANCELLED, "")
    assert Job(hosted, 6).said(ANN, "/mycelium cancel").reason == "nothing runs here"
    job = Job(hosted, 7)
    again = job.said(ANN, "/mycelium rerun failed")
    assert again.ruling is Ruling.MATCHED
    assert job.execution.status is ExecutionStatus.WAITING


def test_what_a_job_left_at_work_is_cancelled_before_anything_starts_again(tmp_path: Path) -> None:
    hosted = Hosted(tmp_path, {"workflows/r.yaml": "on: pull_request\nnodes:\n  a: {run: x}\n  b: {run: y}\n"})
    hosted.garden.world.claim()
    hosted.keeper(hosted.garden.world, "1/1").save(hosted.id)
    job = Job(hosted, 2, gone=["1/1"])
    assert job.said(ANN, "/mycelium cancel").ruling is Ruling.MATCHED
    assert job.execution.status is ExecutionStatus.CANCELLED
    assert not any(run.lost or run.status == "completed" for run in job.desk.services.store.runs(hosted.id))


@pytest.mark.parametrize("line", ["/mycelium approve gate", "/mycelium cancel"])
def test_what_another_job_runs_is_left_to_it(hosted: Hosted, line: str) -> None:
    first = Job(hosted, 2)
    first.keeper.take_up(hosted.id, desk=first.desk)
    second = Job(hosted, 3)
    told = second.said(ANN, line)
    assert told.ruling is Ruling.WAITING
    assert told.reason == (
        f"execution {hosted.id} is at work in run 2 of GitHub Actions, which reads such commands itself"
    )
    assert second.execution.status is ExecutionStatus.WAITING
    first.hears(began=30)
    ended = first.execution.status is ExecutionStatus.CANCELLED
    assert ended is line.endswith("cancel")
    assert ended or first.desk.services.store.runs(hosted.id)[0].decided_by == "ann"


def test_a_job_that_is_cancelled_ends_what_it_runs_and_no_copy_of_what_another_runs(tmp_path: Path) -> None:
    hosted = Hosted(tmp_path, {"workflows/r.yaml": "on: pull_request\nnodes:\n  a: {run: x}\n"})
    hosted.garden.world.claim()
    hosted.keeper(hosted.garden.world, "1/1").save(hosted.id)
    cancelled = Job(hosted, 2)
    assert cancelled.said(ANN, "/mycelium cancel").ruling is Ruling.WAITING
    assert not cancelled.execution.status.ended
    assert left_behind(cancelled.desk.services) == []
    heir = Job(hosted, 3, gone=["1/1"])
    heir.kept.hold(hosted.id, heir.desk)
    assert left_behind(heir.desk.services) == []
    assert heir.kept.go_on([hosted.id]) == [hosted.id]
    assert [each.id for each in left_behind(heir.desk.services)] == [hosted.id]


@pytest.mark.parametrize("branch", ["", "kept"])
def test_what_waits_goes_on_in_a_later_job_only_where_it_is_kept(hosted: Hosted, branch: str) -> None:
    waiting = left_behind(replace(hosted.garden.world.services, history=branch))
    assert [each.id for each in waiting] == ([] if branch else [hosted.id])


def test_a_job_hears_what_is_said_to_it_and_nothing_else(hosted: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(hosted, 20)
    job.keeper.take_up(hosted.id, desk=job.desk)
    own = job.writes(ANN, "/mycelium approve gate")
    job.writes(ANN, "/mycelium cancel", ago=700)
    job.writes(ANN, "/mycelium rerun", ago=1)
    job.writes(ANN, "Please /mycelium approve gate")
    job.writes(STRANGER, "/mycelium approve gate")
    edited = job.writes(ANN, "/mycelium reject gate")["comment"]["id"]
    number, comment = hosted.github.repo.comments[edited]
    late = comment.created_at and comment.created_at + timedelta(seconds=9)
    hosted.github.repo.comments[edited] = (number, replace(comment, updated_at=late))
    job.hears(own)
    assert job.execution.status is ExecutionStatus.WAITING
    assert [run.decided_by for run in job.desk.services.store.runs(hosted.id)] == [None] * 3
    assert job.stream.getvalue().startswith("sam said /mycelium approve gate: ")
    job.hears(own)
    assert job.stream.getvalue().count("\n") == 1
    hosted.github.fail("comments", Unavailable("502"), times=1)
    job.hears(own)
    assert "Comments cannot be read now: 502" in job.stream.getvalue()
    monkeypatch.setattr(hearing, "LISTEN_SECONDS", 0.001)
    listener = Hearing(job.desk, job.log, job.now, own_comments([Delivery(id="1", event="issue_comment", payload=own)]))
    job.writes(ANN, "/mycelium approve gate")
    with listener.listening():
        eventually(lambda: job.desk.services.store.runs(hosted.id)[0].decided_by, "the approval")
    assert job.desk.services.store.runs(hosted.id)[0].decided_by == "ann"


def test_two_who_approve_at_once_both_count(tmp_path: Path) -> None:
    flow = "on: pull_request\nnodes:\n  gate: {approval: {message: go, minimum: 2}}\n"
    hosted = Hosted(tmp_path, {"workflows/r.yaml": flow})
    quick, slow = Job(hosted, 2), Job(hosted, 3)
    first = quick.writes(MEMBER, "/mycelium approve gate", ago=5)
    hosted.garden.github.repo.roles["bea"] = hosted.garden.github.repo.roles["ann"]
    second = quick.writes(User(id=51, login="bea"), "/mycelium approve gate", ago=8)
    third = quick.writes(ANN, "/mycelium approve gate", ago=6)
    quick.brought = quick.kept.bring(quick.desk, [Delivery(id="1", event="issue_comment", payload=third)], [], [])
    assert slow.does(Delivery(id="1", event="issue_comment", payload=second))[0].ruling is Ruling.WAITING
    receive(quick.desk, Delivery(id="1", event="issue_comment", payload=third))
    quick.kept.go_on(quick.brought.held)
    assert quick.execution.status is ExecutionStatus.WAITING
    quick.hears(third)
    assert quick.execution.status is ExecutionStatus.COMPLETED
    assert "cannot approve what is their own" in quick.stream.getvalue()
    assert first["comment"]["id"] != second["comment"]["id"]


def test_what_may_not_go_on_is_no_puzzle(hosted: Hosted) -> None:
    plan = hosted.garden.world.store._tables.plans[hosted.id]  # type: ignore[attr-defined]
    other = replace(plan, source="name: other")
    hosted.garden.world.store._tables.plans[hosted.id] = other  # type: ignore[attr-defined]
    hosted.keeper(hosted.garden.world, "1/1").save(hosted.id)
    why = f"execution {hosted.id} does not go on here: its workflow, its agents or its project file are not those"
    for number, line in enumerate(("/mycelium approve gate", "/mycelium cancel"), start=2):
        told = Job(hosted, number).said(ANN, line)
        assert told.ruling is Ruling.DENIED
        assert told.reason.startswith(why)
        assert told.reason.endswith("(start the workflow anew)")
    (line,) = Job(hosted, 4).said(ANN, "/mycelium status").lines
    assert line.startswith(f"`r` number 1, waiting: {why}")
    assert Job(hosted, 5).said(ANN, "/mycelium rerun").reason == "no execution has ended here"
    hosted.garden.world.control.step()
    with hosted.garden.world.store.begin() as tx:
        tx.save(replace(tx.lock(hosted.id), status=ExecutionStatus.FAILED, open_runs=0))
        tx.cancel_pending(hosted.id, hosted.garden.world.clock.now())
    hosted.keeper(hosted.garden.world, "1/1").save(hosted.id)
    assert Job(hosted, 6).said(ANN, "/mycelium rerun").reason.startswith(why)


def test_what_starts_something_waits_for_nothing_that_an_earlier_job_left(hosted: Hosted) -> None:
    job = Job(hosted, 2)
    job.said(ANN, "/mycelium run r")
    assert job.brought == Brought()
    assert job.desk.services.store.executions() == []


@pytest.mark.parametrize(
    ("on_timeout", "status"), [("reject", ExecutionStatus.FAILED), ("approve", ExecutionStatus.COMPLETED)]
)
def test_the_next_job_of_any_event_settles_what_nobody_decided_in_time(
    tmp_path: Path, on_timeout: str, status: ExecutionStatus
) -> None:
    hosted = timed(tmp_path, on_timeout)
    early = Job(hosted, 2)
    assert early.kept.late() == []
    late = Job(hosted, 4)
    assert late.does(push(hosted)) == []
    assert (late.brought.held, late.brought.late) == ((hosted.id,), (hosted.id,))
    assert late.execution.status is status
    assert f"Execution {hosted.id}: nobody decided in time on `gate`." in late.stream.getvalue()
    assert late.keeper.entries()[0].status is status
    assert Job(hosted, 5).kept.late() == []


def test_a_schedule_settles_it_too_and_what_is_held_or_long_past_is_left_alone(tmp_path: Path) -> None:
    hosted = timed(tmp_path, "reject")
    assert Job(hosted, 8 * 24 * 60).kept.late() == []
    holding = Job(hosted, 4)
    holding.keeper.hold(hosted.id, desk=holding.desk)
    assert Job(hosted, 5).kept.late() == []
    killed = Job(hosted, 15)
    assert [entry.holder for entry in killed.kept.late()] == ["4/1"]
    assert killed.does(push(hosted)) == []
    assert killed.brought == Brought()
    late = Job(hosted, 16, gone=["4/1"])
    late.does(Delivery(id="9", event="schedule", payload=payload(schedule="0 3 * * *")))
    assert late.execution.status is ExecutionStatus.FAILED


@pytest.mark.parametrize(("ago", "ruling"), [(90, Ruling.MATCHED), (20, Ruling.DENIED)])
def test_who_approved_in_time_was_in_time(tmp_path: Path, ago: float, ruling: Ruling) -> None:
    """The approval waits for three minutes, and this job begins after four."""
    job = Job(timed(tmp_path, "reject"), 4)
    assert job.said(ANN, "/mycelium approve gate", ago=ago).ruling is ruling
    assert job.execution.status is (ExecutionStatus.COMPLETED if ruling is Ruling.MATCHED else ExecutionStatus.FAILED)


def test_what_cannot_be_settled_holds_nothing_up(tmp_path: Path) -> None:
    hosted = timed(tmp_path, "reject")
    job = Job(hosted, 4)
    (entry,) = job.kept.late()
    hosted.remote.files[entry.path] = b"what somebody pushed"
    assert job.kept.bring_late(job.desk, [entry]) == []
    assert f"Execution {hosted.id} does not go on here: executions/" in job.stream.getvalue()
    assert job.does(push(hosted)) == []
    assert job.brought == Brought()
    hosted.remote.away = True
    assert job.kept.late() == []


def test_a_job_that_may_write_nothing_leaves_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it comes here, so that no agents are installed for it either."""
    hosted = timed(tmp_path, "reject")
    job = Job(hosted, 4)
    late = job.kept.late()

    def refused(_: object) -> None:
        raise Forbidden("the remote does not let us push", needs="contents: write")

    monkeypatch.setattr(job.keeper._branch, "write", refused)
    assert job.kept.bring_late(job.desk, late * 3) == []
    assert job.stream.getvalue().count("and it stays as it is: the remote does not let us push") == 1
    assert hosted.remote.made == 1
    assert len(Job(hosted, 5).kept.late()) == 1
