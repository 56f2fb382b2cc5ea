"""What a job asks of the history, and what it does where that fails."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from action.asked import Asked, asked
from action.commands import JobLog
from action.history import Brought, NoHistory
from action.inputs import Inputs
from action.job import Job
from action.kept_history import KeptHistory, history
from action.place import settle
from orchestrator.errors import Conflict, Unavailable
from orchestrator.lifecycle.intake.occasion import Delivery
from orchestrator.settings import load
from tests.fakes.clock import FakeClock
from tests.fakes.payloads import commented, opened


@dataclass
class FakeKeeper:
    """A branch with an execution of an earlier attempt; `away` is an outage, and `unheld` what it begins with."""

    away: bool = False
    earlier: int = 0
    unheld: str = ""

    def entries(self) -> list[SimpleNamespace]:
        if self.away:
            raise Unavailable("the remote is away")
        return [SimpleNamespace(id="one", open=True, holder="7/1", thread=None, due=None)]

    def concerned(
        self, thread: int | None, *, workflows: Collection[str] = (), gone: object = None
    ) -> list[SimpleNamespace]:
        assert workflows == ["flow"]
        return self.entries()

    def pull_earlier(self, desk: object) -> tuple[str, ...]:
        self.earlier += 1
        return ("zero",)

    def pull(self, **_: object) -> None:
        self.entries()

    def hold(self, execution_id: str, **_: object) -> None:
        if execution_id == self.unheld:
            raise Unavailable("the remote is away")

    def go_on(self, execution_id: str) -> None:
        if execution_id != "one":
            raise Conflict("it has ended")

    def save(self, execution_id: str, *, letting_go: bool) -> SimpleNamespace:
        assert letting_go
        if self.away:
            raise Unavailable("the remote is away")
        return SimpleNamespace(left_out=["its log is cut"], stays="", squashed_at=None)


def no_runs(_: str) -> list[Any]:
    return []


def kept(keeper: FakeKeeper, runs: Callable[[str], list[Any]] = no_runs) -> tuple[KeptHistory, io.StringIO]:
    stream = io.StringIO()
    services = SimpleNamespace(clock=FakeClock(), store=SimpleNamespace(runs=runs))
    return KeptHistory(cast(Any, keeper), cast(Any, services), cast(Any, None), JobLog(stream)), stream


def said(body: str) -> list[Delivery]:
    return [Delivery(id="1", event="issue_comment", payload=commented(body, number=7))]


def test_a_later_attempt_goes_on_with_what_an_earlier_one_began() -> None:
    keeper = FakeKeeper()
    made, stream = kept(keeper)
    brought = made.bring(cast(Any, None), [Delivery(id="1", event="pull_request", payload=opened())], ["flow"], [])
    assert brought == Brought(held=("one",), earlier=("zero",))
    assert keeper.earlier == 1
    assert made.go_on(["one", "two"]) == ["one"]
    assert stream.getvalue() == "Execution two does not go on here: it has ended\n"


def test_what_is_held_before_an_outage_is_still_that_of_others_and_seen_to() -> None:
    """Of those that are late, and then the branch is away: the step of this job is not theirs."""
    looked_at: list[str] = []

    def runs(execution_id: str) -> list[Any]:
        looked_at.append(execution_id)
        return []

    made, stream = kept(FakeKeeper(unheld="one"), runs)
    late = made.bring_late(cast(Any, None), cast(Any, [SimpleNamespace(id=each) for each in ("one", "two")]))
    brought = made.bring(cast(Any, None), [], ["flow"], late)
    assert brought == Brought(held=("two",), late=("two",))
    assert looked_at == ["two"]
    assert stream.getvalue().splitlines() == [
        "History: nobody decided in time on execution one, and it stays as it is: the remote is away",
        "History: executions of earlier jobs are not brought back: the remote is away",
    ]


def test_what_cannot_be_settled_now_keeps_nothing_from_running() -> None:
    def runs(_: str) -> list[Any]:
        raise Unavailable("the database is away")

    made, stream = kept(FakeKeeper(), runs)
    assert made.bring(cast(Any, None), [], ["flow"], []) == Brought(held=("one",), earlier=("zero",))
    assert "nobody decided in time on execution one is seen to later: the database is away" in stream.getvalue()


def test_a_branch_that_is_away_keeps_nothing_from_running() -> None:
    made, stream = kept(FakeKeeper(away=True))
    assert made.bring(cast(Any, None), said("/mycelium approve go"), ["flow"], []) == Brought()
    (unkept,) = made.keep(["one"])
    assert (unkept.why, unkept.earlier) == ("the remote is away", False)
    assert stream.getvalue().splitlines() == [
        "History: executions of earlier jobs are not brought back: the remote is away",
        "History: execution one is not kept: the remote is away",
    ]
    made, stream = kept(FakeKeeper())
    made.keep(["one", "one"])
    assert stream.getvalue() == "History: not all of execution one is kept: its log is cut\n"


@pytest.mark.parametrize(
    ("body", "looks_back", "decides"),
    [
        ("/mycelium cancel", True, True),
        ("/mycelium rerun failed", True, False),
        ("/mycelium run site", False, False),
        ("/mycelium review", False, False),
        ("Nice.", False, False),
    ],
)
def test_only_some_commands_are_about_earlier_jobs(body: str, *, looks_back: bool, decides: bool) -> None:
    found = asked(said(body))
    assert (found.looks_back, found.decides, found.thread, found.at) == (looks_back, decides, 7, None)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00", None),
        ("noon", None),
        (7, None),
    ],
)
def test_when_somebody_said_it(text: object, at: datetime | None) -> None:
    (delivery,) = said("/mycelium cancel")
    comment = {**cast(Any, delivery.payload["comment"]), "created_at": text}
    event = Delivery(id="1", event="issue_comment", payload={**delivery.payload, "comment": comment})
    assert asked([event]).at == at
    assert asked([]) == Asked()


@pytest.mark.parametrize(
    ("branch", "reads_only", "known", "kept"),
    [
        ("mycelium-history", False, {}, "mycelium-history"),
        ("ours", False, {"MYCELIUM_HISTORY_BRANCH": "theirs"}, "theirs"),
        ("", False, {"MYCELIUM_HISTORY_BRANCH": "theirs"}, ""),
        ("mycelium-history", True, {}, ""),
    ],
)
def test_a_job_says_where_its_processes_keep_executions(
    branch: str, *, reads_only: bool, known: dict[str, str], kept: str, tmp_path: Path
) -> None:
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
    (tmp_path / ".git").mkdir()
    environ = dict(known)
    found = settle(environ, Inputs(history_branch=branch, folder=tmp_path), job)
    assert found.history_branch == environ["MYCELIUM_HISTORY_BRANCH"] == kept


def test_some_jobs_keep_nothing(tmp_path: Path) -> None:
    settings = load(tmp_path, {"MYCELIUM_HISTORY_BRANCH": ""})
    nothing = cast(Any, None)
    with history(Inputs(history_branch="mycelium-history"), settings, nothing, nothing) as made:
        assert isinstance(made, NoHistory)
        assert made.bring(nothing, [], [], []) == Brought()
        assert [*made.late(), *made.bring_late(nothing, []), *made.go_on([])] == []
        made.bring_all()
        assert [each.chosen for each in made.keep(["one"])] == [True]
        assert not made.take_back("one", nothing)
