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
from action.history import NoHistory
from action.work import Work
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.ports.github import User
from orchestrator.lifecycle.report import view
from orchestrator.lifecycle.services import Services
from orchestrator.report.view import ExecutionView
from tests.fakes.hosted import ANN, Hosted, work


class Job:
    """One that has taken up the execution; `then` is what happens while GitHub is brought up to date, each time."""

    def __init__(self, hosted: Hosted, monkeypatch: pytest.MonkeyPatch, *then: Callable[[], object]) -> None:
        self.hosted = hosted
        keeper, self.desk = hosted.job(2)
        keeper.take_up(hosted.id, desk=self.desk)
        self.stream, self.cancelled = io.StringIO(), threading.Event()
        self.watched: list[Sequence[str]] = []
        self.then = list(then)
        monkeypatch.setattr(watching, "watch", self._watch)
        monkeypatch.setattr(telling, "wait_for_github", self._shown)
        monkeypatch.setattr(pages, "prepare", lambda: None)

    def done(self) -> ExecutionView:
        step = SimpleNamespace(
            job=SimpleNamespace(reads_only=False, put=lambda *_: None),
            log=JobLog(self.stream),
            interruption=SimpleNamespace(asked=self.cancelled),
            began=self.desk.services.clock.now(),
        )
        made = Work(step=cast(Any, step), desk=self.desk, given=[], history=NoHistory(), taken_up=[self.hosted.id])
        views, _ = made.done()
        return views[self.hosted.id]

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
