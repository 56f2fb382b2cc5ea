"""Buttons of check runs: what they do, for whom, and that nobody else's check runs have any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.ports import Decision, Ruling
from orchestrator.lifecycle.ports.github import PullRequest, User
from tests.fakes.garden import MEMBER, OWNER, STRANGER, TRIAGER, Garden
from tests.fakes.payloads import account, payload

FLOW = {
    "workflows/r.yaml": "on: pull_request\nnodes:\n  gate: {approval: go}\n  after: {run: x, needs: gate}\n",
}


@pytest.fixture
def garden(tmp_path: Path) -> Garden:
    return Garden(tmp_path, FLOW)


@pytest.fixture
def pull(garden: Garden) -> PullRequest:
    pull = garden.open(FLOW)
    garden.pulled(pull)
    return pull


def press(garden: Garden, by: User, button: str = "", place: str = "/0", **keys: Any) -> list[Decision]:
    """A button on what is shown of the first execution; none is GitHub's own."""
    check = {"external_id": f"{garden.executions[0].id}{place}", "app": {"slug": keys.get("app", "mycelium")}}
    body = payload(sender=account(by.login, by.id, by.kind), check_run={**check, **keys.get("check", {})})
    body |= {"action": "requested_action", "requested_action": {"identifier": button}} if button else {}
    return garden.deliver("check_run", {"action": "rerequested", **body}, delivery=keys.get("delivery", ""))


def test_approve_and_reject(garden: Garden, pull: PullRequest) -> None:
    (made,) = press(garden, MEMBER, "approve")
    assert (made.ruling, made.number, made.owed) == (Ruling.DENIED, pull.number, True)
    (made,) = press(garden, TRIAGER, "approve")
    assert made.ruling is Ruling.DENIED
    (made,) = press(garden, OWNER, "approve")
    assert (made.ruling, made.reason) == (Ruling.MATCHED, "`gate` was approved")
    (made,) = press(garden, OWNER, "reject")
    assert "waits for no decision" in made.reason


def test_run_again(garden: Garden, pull: PullRequest) -> None:
    (made,) = press(garden, MEMBER)
    assert "has not ended" in made.reason
    press(garden, OWNER, "reject")
    assert garden.executions[0].status is ExecutionStatus.FAILED
    (made,) = press(garden, STRANGER, "rerun")
    assert (made.ruling, made.rule) == (Ruling.DENIED, "actor")
    (made,) = press(garden, MEMBER, "rerun")
    assert (made.ruling, made.reason) == (
        Ruling.MATCHED,
        f"`gate` and what follows of execution {garden.executions[0].id} runs again",
    )
    press(garden, OWNER, "reject")
    assert press(garden, MEMBER, "rerun-failed", place="")[0].ruling is Ruling.MATCHED
    press(garden, OWNER, "reject")
    assert press(garden, MEMBER, place="")[0].ruling is Ruling.MATCHED
    assert len(garden.executions) == 1


def test_github_s_own_button_on_what_succeeded_runs_all_of_it_anew_once(garden: Garden, pull: PullRequest) -> None:
    press(garden, OWNER, "approve")
    garden.world.work()
    assert garden.executions[0].status is ExecutionStatus.COMPLETED
    first = press(garden, MEMBER, place="", delivery="d")
    assert press(garden, MEMBER, place="", delivery="d") == first
    assert [each.execution_id for each in first] == [garden.executions[1].id]


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        pytest.param(OWNER, {"app": "other"}, id="another app's"),
        pytest.param(OWNER, {"app": ""}, id="nobody's"),
        pytest.param(OWNER, {"place": "/9"}, id="a node run that is not there"),
        pytest.param(OWNER, {"check": {"external_id": "elsewhere/0"}}, id="an execution that is not there"),
        pytest.param(OWNER, {"check": {"external_id": ""}}, id="no place"),
        pytest.param(User(id=7, login="x[bot]", kind="Bot"), {}, id="pressed by a bot"),
    ],
)
def test_what_is_no_button_of_ours(garden: Garden, pull: PullRequest, by: User, keys: dict[str, Any]) -> None:
    assert press(garden, by, "approve", **keys) == []
    assert garden.executions[0].status is ExecutionStatus.WAITING


def test_a_forks_execution_runs_again_only_for_its_head(garden: Garden) -> None:
    pull = garden.open({}, author=STRANGER, fork=True)
    garden.pulled(pull)
    garden.says(MEMBER, f"/mycelium allow {pull.head_sha}", pull.number)
    press(garden, OWNER, "reject")
    garden.move(pull.number, {"x": ""})
    (made,) = press(garden, OWNER, "rerun")
    assert (made.ruling, made.rule) == (Ruling.DENIED, "moved")


@pytest.mark.parametrize("round_", ["#1", "#12"])
def test_buttons_of_later_rounds_work_as_well(garden: Garden, pull: PullRequest, round_: str) -> None:
    (made,) = press(garden, OWNER, "reject", place=f"/0{round_}")
    assert made.ruling is Ruling.MATCHED
    (made,) = press(garden, MEMBER, "rerun-failed", place=round_)
    assert made.ruling is Ruling.MATCHED
    (made,) = press(garden, OWNER, "approve", place=f"/0{round_}")
    assert made.reason == "`gate` was approved"


def test_re_run_all_checks_runs_what_the_commit_shows_again(garden: Garden, pull: PullRequest) -> None:
    suite = {"head_sha": pull.head_sha, "app": {"slug": "mycelium"}}
    body = payload(sender=account(MEMBER.login, MEMBER.id, MEMBER.kind), check_suite=suite) | {"action": "rerequested"}
    assert garden.deliver("check_suite", body) == []  # it still waits
    press(garden, OWNER, "reject")
    assert garden.deliver("check_suite", {**body, "action": "requested"}) == []
    foreign = {**body, "check_suite": {**suite, "app": {"slug": "other"}}}
    assert garden.deliver("check_suite", foreign) == []
    (made,) = garden.deliver("check_suite", body)
    assert (made.ruling, made.execution_id) == (Ruling.MATCHED, garden.executions[0].id)
