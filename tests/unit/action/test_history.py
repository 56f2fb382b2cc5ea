"""What a job asks of the history, and what it does where that fails."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from action.commands import JobLog
from action.history import KeptHistory, NoHistory, history
from action.inputs import Inputs
from action.job import Job
from orchestrator.errors import Conflict, Unavailable
from orchestrator.lifecycle.intake.occasion import Delivery
from tests.fakes.payloads import commented, opened


@dataclass
class FakeKeeper:
    """A branch with these executions; `refused` may not go on."""

    open_ones: tuple[str, ...] = ("one", "two")
    refused: tuple[str, ...] = ()
    away: bool = False
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def pull(self, *, thread: int | None = None, desk: object = None) -> None:
        self.asked.append(("pull", thread))
        if self.away:
            raise Unavailable("the remote is away")

    def pull_earlier(self, desk: object) -> None:
        self.asked.append(("earlier", None))

    def concerned(
        self, thread: int | None, *, workflows: Collection[str] = (), gone: object = None
    ) -> list[SimpleNamespace]:
        assert gone is not None
        assert workflows == ["flow"]
        self.asked.append(("concerned", thread))
        return [SimpleNamespace(id=each) for each in self.open_ones]

    def take_up(self, execution_id: str, *, desk: object = None, gone: object = None) -> None:
        if execution_id in self.refused:
            raise Conflict("somebody holds it")

    def save(self, execution_id: str) -> SimpleNamespace:
        if self.away:
            raise Unavailable("the remote is away")
        return SimpleNamespace(left_out=["its log is cut"])


def kept(keeper: FakeKeeper) -> tuple[KeptHistory, io.StringIO]:
    stream = io.StringIO()
    return KeptHistory(cast(Any, keeper), cast(Any, None), JobLog(stream)), stream


def said(body: str) -> list[Delivery]:
    return [Delivery(id="1", event="issue_comment", payload=commented(body, number=7))]


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ("/mycelium approve go", [("pull", 7), ("concerned", 7), ("earlier", None)]),
        ("/mycelium rerun failed", [("pull", 7), ("concerned", None), ("earlier", None)]),
    ],
)
def test_a_command_brings_back_what_it_is_about(body: str, asked: list[tuple[str, Any]]) -> None:
    keeper = FakeKeeper(refused=("two",))
    made, stream = kept(keeper)
    assert made.bring(cast(Any, None), said(body), ["flow"]) == ["one"]
    assert keeper.asked == asked
    assert "two does not go on here: somebody holds it" in stream.getvalue()


def test_another_event_only_goes_on_with_what_an_earlier_attempt_began() -> None:
    keeper = FakeKeeper(open_ones=())
    event = Delivery(id="1", event="pull_request", payload=opened())
    assert kept(keeper)[0].bring(cast(Any, None), [event], ["flow"]) == []
    assert keeper.asked == [("concerned", None)]


def test_a_branch_that_is_away_keeps_nothing_from_running() -> None:
    made, stream = kept(FakeKeeper(away=True))
    assert made.bring(cast(Any, None), said("/mycelium approve go"), ["flow"]) == []
    made.keep(["one"])
    assert stream.getvalue().splitlines() == [
        "History: executions of earlier jobs are not brought back: the remote is away",
        "History: execution one is not kept: the remote is away",
    ]
    made, stream = kept(FakeKeeper())
    made.keep(["one", "one"])
    assert stream.getvalue() == "History: not all of execution one is kept: its log is cut\n"


@pytest.mark.parametrize(("branch", "reads_only"), [("", False), ("mycelium-history", True)])
def test_some_jobs_keep_nothing(branch: str, *, reads_only: bool, tmp_path: Path) -> None:
    job = Job(
        event="push",
        payload={},
        delivery="1",
        page="",
        reads_only=reads_only,
        temporary=tmp_path,
        output=None,
        summary=None,
    )
    nothing = cast(Any, None)
    with history(Inputs(history_branch=branch), job, nothing, nothing, nothing) as made:
        assert isinstance(made, NoHistory)
        assert made.bring(nothing, [], []) == []
        made.bring_all()
        made.keep(["one"])
