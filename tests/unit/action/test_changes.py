"""What a pull request changes in workflows reaches GitHub from a job in which nothing starts."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from action.changes import show_changes
from action.commands import JobLog
from action.interruption import Interruption
from orchestrator.errors import Unavailable
from orchestrator.execution.commit import FileChange
from orchestrator.lifecycle.following import changes
from orchestrator.lifecycle.intake.occasion import Delivery, Desk
from orchestrator.report.check_run import Conclusion
from orchestrator.report.workflow_changes import NAME
from tests.fakes.garden import MEMBER, Garden
from tests.fakes.payloads import account, opened

FLOW = "on: issues\nnodes: {look: {run: echo look}}\n"
BROKEN = "on: issues\nnodes: {look: {ran: echo look}}\n"


class Job:
    """A job about a pull request that breaks a workflow, and whose own clock needs no waiting."""

    def __init__(self, folder: Path) -> None:
        self.garden = Garden(folder, {"workflows/flow.yaml": FLOW})
        self.pull = self.garden.open({"workflows/flow.yaml": BROKEN})
        self.touched("workflows/flow.yaml")
        self.stream = io.StringIO()
        self.asked = Asked(self.garden)

    @property
    def desk(self) -> Desk:
        desk = self.garden.desk
        return replace(desk, services=replace(desk.services, github=self.garden.github))

    @property
    def delivery(self) -> Delivery:
        who = account(MEMBER.login, MEMBER.id)
        event = opened(number=self.pull.number, head=self.pull.head_sha, sender=who, author=who)
        return Delivery(id="1", event="pull_request", payload=event)

    def touched(self, *paths: str) -> None:
        self.garden.github.repo.files[self.pull.number] = [FileChange(path=path, status="modified") for path in paths]

    def show(self, **keys: Any) -> dict[str, str]:
        desk, interruption = replace(self.desk, **keys), cast(Interruption, self)
        return show_changes(desk, [self.delivery, self.delivery], JobLog(self.stream), interruption)


class Asked:
    """The event that the job is cancelled: waiting for it takes the clock's time only."""

    def __init__(self, garden: Garden) -> None:
        self.garden = garden
        self.set = False

    def wait(self, seconds: float) -> None:
        self.garden.world.clock.advance(max(seconds, 0.01))

    def is_set(self) -> bool:
        return self.set


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_check_run_and_comment_are_there_when_the_job_ends(job: Job) -> None:
    assert job.show() == {}
    (check,) = job.garden.github.checks_named(NAME)
    assert (check.head_sha, check.check.conclusion) == (job.pull.head_sha, Conclusion.FAILURE)
    (body,) = job.garden.github.comment_bodies(job.pull.number)
    assert "workflows/flow.yaml" in body
    writes = len(job.garden.github.writes)
    assert job.show() == {}
    assert len(job.garden.github.writes) == writes


def test_nothing_is_written_where_nothing_changes_or_nothing_may_be(job: Job) -> None:
    job.touched("README.md")
    assert job.show() == {}
    job.touched("workflows/flow.yaml")
    assert job.show(silent=True) == {}
    assert job.garden.github.writes == []


def test_what_is_not_shown_is_said_in_time(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "PATIENCE_SECONDS", 0.05)
    subject = f"pull/{job.pull.number}"
    job.garden.github.fail("create_check_run", Unavailable("502 Bad Gateway"), times=100_000)
    assert job.show() == {subject: "502 Bad Gateway"}


def test_a_job_that_is_cancelled_waits_for_nothing(job: Job) -> None:
    job.asked.set = True
    assert job.show() == {f"pull/{job.pull.number}": changes.TOO_LONG}
    assert job.garden.github.writes == []


def test_events_that_cannot_be_looked_at_fail_no_job(job: Job) -> None:
    job.garden.github.down = True
    assert list(job.show()) == ["the event"]
    assert "is not shown" in job.stream.getvalue()
