"""A job goes on for as long as something moves, and as somebody says something about it in time."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from action import pages, telling, watching
from action.commands import JobLog
from action.history import History, NoHistory
from action.kept_history import KeptHistory
from action.results import Results
from action.unkept import Missing, Unkept
from action.work import Work
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.archive.holders import Held
from orchestrator.lifecycle.archive.saving import Saved
from orchestrator.lifecycle.intake.occasion import Delivery
from orchestrator.lifecycle.ports.github import Forbidden, User
from orchestrator.lifecycle.report import view
from orchestrator.lifecycle.services import Services
from orchestrator.report.figures import sentence
from orchestrator.report.view import ExecutionView
from tests.fakes.hosted import ANN, Hosted, work


class Job:
    """One that has taken up the execution; `then` is what happens while GitHub is brought up to date, each time."""

    def __init__(self, hosted: Hosted, monkeypatch: pytest.MonkeyPatch, *then: Callable[[], object]) -> None:
        self.hosted = hosted
        self.keeper, self.desk = hosted.job(2)
        self.keeper.take_up(hosted.id, desk=self.desk)
        self.stream, self.cancelled = io.StringIO(), threading.Event()
        self.watched: list[Sequence[str]] = []
        self.then = list(then)
        monkeypatch.setattr(watching, "watch", self._watch)
        monkeypatch.setattr(telling, "wait_for_github", self._shown)
        monkeypatch.setattr(pages, "prepare", lambda: None)

    def work(self, history: History | None = None, *, reads_only: bool = False) -> Work:
        step = SimpleNamespace(
            job=SimpleNamespace(reads_only=reads_only, put=lambda *_: None),
            log=JobLog(self.stream),
            interruption=SimpleNamespace(asked=self.cancelled),
            began=self.desk.services.clock.now(),
        )
        kept, ids = history or NoHistory(fork=reads_only), [self.hosted.id]
        return Work(step=cast(Any, step), desk=self.desk, given=[], history=kept, taken_up=ids)

    def done(self) -> ExecutionView:
        made = self.work()
        made.done()
        return made.views[self.hosted.id]

    def says(self, by: User, line: str) -> None:
        number, at = self.hosted.pull.number, self.desk.services.clock.now() + timedelta(seconds=1)
        made = self.hosted.github.add_comment(number, by, line)
        self.hosted.github.repo.comments[made.id] = (number, replace(made, created_at=at, updated_at=at))

    def _watch(self, services: Services, ids: Sequence[str], *_: object) -> list[ExecutionView]:
        self.watched.append(ids)
        work(self.desk)
        return [view(services, each) for each in ids]

    def _shown(self, *_: object) -> list[Any]:
        if self.then:
            self.then.pop(0)()
        return []


def test_what_is_said_before_the_job_ends_is_still_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hosted = Hosted(tmp_path)
    job = Job(hosted, monkeypatch)
    job.then = [lambda: job.says(ANN, "/mycelium approve gate"), lambda: job.says(ANN, "/mycelium approve more")]
    assert job.done().execution.status is ExecutionStatus.COMPLETED
    assert job.watched == [[hosted.id]] * 3
    assert job.stream.getvalue().count("ann said /mycelium approve") == 2


def test_a_job_about_which_nobody_says_anything_ends_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(Hosted(tmp_path), monkeypatch)
    assert job.done().execution.status is ExecutionStatus.WAITING
    assert len(job.watched) == 1


def test_a_job_that_is_cancelled_hears_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(Hosted(tmp_path), monkeypatch)
    job.says(ANN, "/mycelium approve gate")
    job.cancelled.set()
    assert job.done().execution.status is ExecutionStatus.WAITING
    assert job.stream.getvalue() == ""


class LettingGo(KeptHistory):
    """Before and after it lets go, others do something."""

    before: Callable[[], object] = staticmethod(lambda: None)
    after: Callable[[], object] = staticmethod(lambda: None)

    def keep(self, ids: Sequence[str], *, letting_go: bool = True) -> list[Unkept]:
        if not letting_go:
            return super().keep(ids, letting_go=letting_go)
        self.before()
        unkept = super().keep(ids)
        self.after()
        self.before = self.after = lambda: None
        return unkept

    def _is_gone(self, holder: str) -> bool:
        return holder == ""


def in_branch(job: Job) -> LettingGo:
    job.desk.services.clock.advance(5)
    return LettingGo(job.keeper, job.desk.services, cast(Any, None), JobLog(job.stream))


def test_what_is_said_while_the_job_lets_go_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job of that comment begins before, and finds that this one has the execution."""
    hosted = Hosted(tmp_path)
    job = Job(hosted, monkeypatch)
    history = in_branch(job)

    def said() -> None:
        job.says(ANN, "/mycelium approve gate")
        keeper, desk = hosted.job(3)
        with pytest.raises(Held):
            keeper.hold(hosted.id, desk=desk)

    history.before = said
    made = job.work(history)
    assert made.kept() == ([], [])
    assert [run.decided_by for run in made.views[hosted.id].runs] == ["ann", None, None]
    (entry,) = job.keeper.entries()
    assert (entry.status, entry.holder) == (ExecutionStatus.WAITING, "")
    hosted.commanded(4, ANN, "/mycelium approve more")
    assert job.keeper.entries()[0].status is ExecutionStatus.COMPLETED


@pytest.mark.parametrize("lets_go", [False, True])
def test_what_another_job_goes_on_with_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, lets_go: bool
) -> None:
    hosted = Hosted(tmp_path)
    job = Job(hosted, monkeypatch)
    history = in_branch(job)

    def said() -> None:
        job.says(ANN, "/mycelium approve gate")
        if lets_go:
            hosted.commanded(3, ANN, "/mycelium approve gate")
        else:
            keeper, desk = hosted.job(3)
            keeper.hold(hosted.id, desk=desk)

    history.after = said
    job.work(history).kept()
    (entry,) = job.keeper.entries()
    assert (entry.status, entry.holder) == (ExecutionStatus.WAITING, "" if lets_go else "3/1")
    assert ("is left to others" in job.stream.getvalue()) is not lets_go


@pytest.mark.parametrize("keeps", [False, True])
def test_what_github_will_not_answer_ends_no_job_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, keeps: bool
) -> None:
    """Whoever asks for teams needs more than a job's token may do, and gets the same answer each time."""
    asked = "on: pull_request\nnodes:\n  gate: {approval: {message: Go, reviewers: [octo/team]}}\n"
    job = Job(Hosted(tmp_path, {"workflows/flow.yaml": asked}), monkeypatch)
    refusals = []

    def refused(*_: object) -> bool:
        refusals.append(1)
        assert len(refusals) < 20
        raise Forbidden("not accessible by integration", needs="members: read")

    monkeypatch.setattr(job.hosted.github, "in_team", refused)
    job.says(ANN, "/mycelium approve gate")
    job.work(in_branch(job) if keeps else None).kept()
    assert job.stream.getvalue().count("not accessible by integration") == len(refusals) > 1
    if keeps:
        assert [(entry.status, entry.holder) for entry in job.keeper.entries()] == [(ExecutionStatus.WAITING, "")]


def stranded(found: Sequence[Missing]) -> str:
    (missing,) = found
    assert missing.stranded
    return missing.sentences


@pytest.mark.parametrize(
    ("fork", "why"), [(False, "`history-branch` is empty. Name a branch"), (True, "can keep nothing. Leave `forks` at")]
)
def test_what_nobody_can_go_on_with_ends_with_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, fork: bool, why: str
) -> None:
    job = Job(Hosted(tmp_path), monkeypatch)
    made = job.work(reads_only=fork)
    _, found = made.kept()
    assert why in stranded(found)
    seen = made.views[job.hosted.id]
    assert seen.execution.status is ExecutionStatus.CANCELLED
    assert "and no later job could have gone on with it" in sentence(seen)
    assert sentence(seen).endswith(".")
    results = Results(views=[seen], unkept=found)
    assert results.failed
    assert why in results.summary()


def test_an_execution_that_cannot_be_kept_asks_for_no_approval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(Hosted(tmp_path), monkeypatch)
    history = KeptHistory(job.keeper, job.desk.services, cast(Any, None), JobLog(job.stream))

    def refused(_: str, **__: object) -> Saved:
        raise Forbidden("the remote does not let us push", needs="contents: write")

    monkeypatch.setattr(job.keeper, "save", refused)
    _, found = job.work(history).kept()
    assert "does not let us push" in stranded(found)
    assert "Give the job `contents: write`" in stranded(found)
    assert job.desk.services.store.execution(job.hosted.id).status is ExecutionStatus.CANCELLED


def test_what_was_kept_before_goes_on_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(Hosted(tmp_path), monkeypatch)
    history = in_branch(job)
    history.keep([job.hosted.id], letting_go=False)
    job.hosted.remote.away = True
    _, (missing,) = job.work(history).kept()
    assert not missing.stranded
    assert "goes on with what was kept before" in missing.sentences
    assert job.desk.services.store.execution(job.hosted.id).status is ExecutionStatus.WAITING


def test_what_another_job_started_on_the_same_event_is_not_watched(tmp_path: Path) -> None:
    """Of one workflow of Actions that another calls twice: what it decided came with the history."""
    hosted = Hosted(tmp_path)
    keeper, desk = hosted.job(2)
    keeper.pull()
    with desk.services.store.begin() as tx:
        (decision,) = tx.intake.of_thread(hosted.pull.number)
    given = [Delivery(id=decision.delivery_id, event="pull_request", payload={})]
    work = Work(step=cast(Any, None), desk=desk, given=given, history=NoHistory(), taken_up=[])
    assert (decision.execution_id, work._moving()) == (hosted.id, [])
    # What an earlier attempt of this job came to counts: its failure fails this attempt too.
    assert replace(work, earlier=[hosted.id])._moving() == [hosted.id]
    keeper.take_up(hosted.id, desk=desk)
    assert work._moving() == [hosted.id]


def test_what_is_kept_without_its_commits_ends_in_the_branch_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(Hosted(tmp_path), monkeypatch)
    monkeypatch.setattr(Saved, "stays", "the commit of `a` is left out")
    _, found = job.work(in_branch(job)).kept()
    assert "the commit of `a` is left out" in stranded(found)
    (entry,) = job.keeper.entries()
    assert (entry.status, entry.holder) == (ExecutionStatus.CANCELLED, "")
