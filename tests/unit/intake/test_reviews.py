"""Approvals on GitHub: by reviewers, as many as must agree, and nobody their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.definition.roles import Role
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.decide import approve
from orchestrator.lifecycle.ports import Decision, Ruling
from orchestrator.lifecycle.ports.github import PullRequest, User
from tests.fakes.garden import MEMBER, OWNER, STRANGER, TRIAGER, Garden

ANN, BEN, CAI = (User(id=50 + number, login=login) for number, login in enumerate(("ann", "ben", "cai")))
TEAM = "octo-org/core"


def waiting(tmp_path: Path, keys: str, *, author: User = MEMBER) -> tuple[Garden, PullRequest]:
    flow = {
        "workflows/r.yaml": f"on: pull_request\nnodes:\n  gate: {{approval: {{message: go, {keys}}}}}\n"
        "  after: {run: x, needs: gate}\n"
    }
    garden = Garden(tmp_path, flow)
    garden.github.repo.roles.update({user.login: Role.WRITE for user in (ANN, BEN, CAI)})
    garden.github.repo.teams[TEAM] = {"ben", "cai"}
    pull = garden.open(flow, author=author)
    garden.pulled(pull, by=OWNER)
    assert garden.executions[0].status is ExecutionStatus.WAITING
    return garden, pull


def say(garden: Garden, pull: PullRequest, by: User, line: str = "/mycelium approve gate") -> Decision:
    (made,) = garden.says(by, line, pull.number)
    return made


@pytest.mark.parametrize(
    ("keys", "by", "ruling", "reason"),
    [
        ("", ANN, Ruling.MATCHED, "`gate` was approved"),
        ("", TRIAGER, Ruling.DENIED, "has the role triage; it takes write"),
        ("", STRANGER, Ruling.DENIED, "it takes write"),
        ("", OWNER, Ruling.DENIED, "cannot approve what is their own"),
        ("", MEMBER, Ruling.DENIED, "cannot approve what is their own"),
        ("reviewers: [ann]", ANN, Ruling.MATCHED, "was approved"),
        ("reviewers: [Ann]", ANN, Ruling.MATCHED, "was approved"),
        ("reviewers: [ann]", BEN, Ruling.DENIED, "`ben` is none of its reviewers (`ann`)"),
        ("reviewers: [octo-org/core]", BEN, Ruling.MATCHED, "was approved"),
        ("reviewers: [octo-org/core]", ANN, Ruling.DENIED, "none of its reviewers (`octo-org/core`)"),
        ("reviewers: [mia]", MEMBER, Ruling.DENIED, "their own"),
        ("reviewers: [sam]", STRANGER, Ruling.MATCHED, "was approved"),
        ("", User(id=9, login="x[bot]", kind="Bot"), None, ""),
    ],
)
def test_who_approves(tmp_path: Path, keys: str, by: User, ruling: Ruling | None, reason: str) -> None:
    garden, pull = waiting(tmp_path, keys)
    made = garden.says(by, "/mycelium approve gate", pull.number)
    assert [each.ruling for each in made] == ([ruling] if ruling else [])
    assert not made or reason in made[0].reason
    goes_on = ruling is Ruling.MATCHED
    assert (garden.executions[0].status is not ExecutionStatus.WAITING) is goes_on
    if goes_on:
        assert garden.world.node_run(garden.executions[0], "gate").decided_by == by.login


def test_as_many_must_agree_as_the_workflow_says(tmp_path: Path) -> None:
    garden, pull = waiting(tmp_path, "minimum: 2")
    first = say(garden, pull, ANN)
    assert (first.ruling, first.reason) == (Ruling.WAITING, "`gate` has the approval of `ann`; 1 more needed")
    assert say(garden, pull, ANN).ruling is Ruling.WAITING
    assert say(garden, pull, MEMBER).ruling is Ruling.DENIED
    assert garden.executions[0].status is ExecutionStatus.WAITING
    assert say(garden, pull, BEN).ruling is Ruling.MATCHED
    assert garden.world.node_run(garden.executions[0], "gate").decided_by == "ann, ben"


def test_one_rejection_is_enough_and_free_to_the_author(tmp_path: Path) -> None:
    garden, pull = waiting(tmp_path, "minimum: 2")
    say(garden, pull, ANN)
    assert say(garden, pull, MEMBER, "/mycelium reject gate").ruling is Ruling.MATCHED
    assert garden.executions[0].status is ExecutionStatus.FAILED


def test_votes_are_for_this_waiting_alone(tmp_path: Path) -> None:
    garden, pull = waiting(tmp_path, "minimum: 2")
    say(garden, pull, ANN)
    say(garden, pull, MEMBER, "/mycelium reject gate")
    assert say(garden, pull, MEMBER, "/mycelium rerun gate").ruling is Ruling.MATCHED
    assert say(garden, pull, BEN).reason == "`gate` has the approval of `ben`; 1 more needed"


def test_the_approval_of_a_past_head_is_refused(tmp_path: Path) -> None:
    garden, pull = waiting(tmp_path, "")
    garden.move(pull.number, {"x": ""})
    made = say(garden, pull, ANN)
    assert (made.ruling, made.rule) == (Ruling.DENIED, "moved")
    assert say(garden, pull, ANN, "/mycelium reject gate").ruling is Ruling.MATCHED


def test_what_does_not_wait_is_told(tmp_path: Path) -> None:
    garden, pull = waiting(tmp_path, "")
    assert "has no node `gaet`" in say(garden, pull, ANN, "/mycelium approve gaet").reason
    assert "waits for no decision: it is pending" in say(garden, pull, ANN, "/mycelium approve after").reason
    say(garden, pull, ANN)
    assert "it is completed" in say(garden, pull, BEN).reason


def test_whoever_sits_at_the_machine_is_asked_nothing(tmp_path: Path) -> None:
    garden, _ = waiting(tmp_path, "reviewers: [ann], minimum: 1")
    approve(garden.world.services, garden.executions[0].id, "gate", "root")
    assert garden.executions[0].status is not ExecutionStatus.WAITING


@pytest.mark.parametrize("begun", [False, True])
def test_a_push_takes_back_what_was_approved_and_has_not_begun(tmp_path: Path, begun: bool) -> None:
    garden, pull = waiting(tmp_path, "")
    assert say(garden, pull, ANN).ruling is Ruling.MATCHED
    if begun:
        garden.world.work()
    later = garden.move(pull.number, {"README.md": "later"})
    garden.pulled(later, by=OWNER, action="synchronize")
    execution = garden.executions[-1]
    if begun:
        assert execution.status is ExecutionStatus.COMPLETED
    else:
        assert execution.status is ExecutionStatus.CANCELLED
        assert "what was approved had not begun" in (execution.error_message or "")
