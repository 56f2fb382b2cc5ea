"""Somebody who is not who they seem: renamed accounts, freed logins, bots, and accounts that are called like one.

What is proven elsewhere of roles, forks and approvals is listed in `docs/threat-model.md`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.definition.roles import Role
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.ports import Ruling
from orchestrator.lifecycle.ports.github import PullRequest, User
from tests.fakes.garden import MEMBER, OWNER, STRANGER, Garden

FLOW = {"workflows/review.yaml": "on: {pull_request: , comment: {command: look}}\nnodes: {look: {run: x}}\n"}
ON_COMMENT = {"workflows/look.yaml": "on: {comment: {command: look}}\nnodes: {look: {run: x}}\n"}
TAKEN = User(id=666, login=MEMBER.login)
RENAMED = User(id=MEMBER.id, login="mia-two")


def gated(folder: Path, keys: str = "") -> tuple[Garden, PullRequest]:
    """An execution that the owner has set off on a member's pull request, and that waits for an approval."""
    flow = {
        "workflows/r.yaml": f"on: pull_request\nnodes: {{gate: {{approval: {{message: go{keys}}}}}, push: {{run: x, "
        "needs: gate}}\n"
    }
    garden = Garden(folder, flow)
    pull = garden.open(flow, author=OWNER)
    garden.pulled(pull, by=MEMBER)
    assert garden.executions[0].status is ExecutionStatus.WAITING
    return garden, pull


def test_who_took_a_members_freed_login_starts_nothing(tmp_path: Path) -> None:
    """What the API says of the login is what the member was: here it has not noticed yet, or the answer is kept."""
    garden = Garden(tmp_path, ON_COMMENT)
    pull = garden.open(ON_COMMENT, author=OWNER)
    garden.github.repo.accounts[MEMBER.login] = MEMBER.id
    (made,) = garden.says(TAKEN, "/mycelium look", pull.number)
    assert made.ruling is Ruling.DENIED
    assert garden.executions == []
    (made,) = garden.says(MEMBER, "/mycelium look", pull.number)
    assert made.ruling is Ruling.MATCHED


def test_definitions_of_who_took_a_members_freed_login_are_read_from_the_base(tmp_path: Path) -> None:
    garden = Garden(tmp_path, ON_COMMENT)
    garden.github.repo.accounts[MEMBER.login] = MEMBER.id
    evil = {"workflows/evil.yaml": "on: pull_request\nnodes: {look: {run: curl evil}}\n"}
    assert garden.pulled(garden.open(evil, author=TAKEN)) == []
    assert [each.subject for each in garden.pulled(garden.open(evil, author=MEMBER))] == ["evil"]


def test_nobody_approves_their_own_under_a_new_login(tmp_path: Path) -> None:
    garden, pull = gated(tmp_path)
    garden.github.repo.roles[RENAMED.login] = Role.WRITE
    (made,) = garden.says(RENAMED, "/mycelium approve gate", pull.number)
    assert (made.ruling, made.reason) == (Ruling.DENIED, "`mia-two` cannot approve what is their own")


def test_nobody_votes_twice_under_two_logins(tmp_path: Path) -> None:
    garden, pull = gated(tmp_path, ", minimum: 2")
    ann, again, ben = User(id=50, login="ann"), User(id=50, login="ann-two"), User(id=51, login="ben")
    garden.github.repo.roles.update({"ann": Role.WRITE, "ben": Role.WRITE})
    assert garden.says(ann, "/mycelium approve gate", pull.number)[0].ruling is Ruling.WAITING
    garden.github.repo.roles.update({"ann": Role.NONE, "ann-two": Role.WRITE})
    (made,) = garden.says(again, "/mycelium approve gate", pull.number)
    assert (made.ruling, made.reason) == (Ruling.WAITING, "`gate` has the approval of `ann-two`; 1 more needed")
    assert garden.says(ben, "/mycelium approve gate", pull.number)[0].ruling is Ruling.MATCHED
    assert garden.world.node_run(garden.executions[0], "gate").decided_by == "ann-two, ben"


def test_a_vote_of_who_lost_the_role_counts_no_more(tmp_path: Path) -> None:
    garden, pull = gated(tmp_path, ", minimum: 2, reviewers: [octo-org/core]")
    garden.github.repo.teams["octo-org/core"] = {"ann", "ben"}
    garden.says(User(id=50, login="ann"), "/mycelium approve gate", pull.number)
    garden.github.repo.teams["octo-org/core"] = {"ben"}
    (made,) = garden.says(User(id=51, login="ben"), "/mycelium approve gate", pull.number)
    assert made.ruling is Ruling.WAITING


@pytest.mark.parametrize(
    "who",
    [
        User(id=666, login="github-actions[bot]", kind="Bot"),
        User(id=667, login="mycelium[bot]", kind="Bot"),
        User(id=668, login="dependabot[bot]", kind="User"),
        User(id=669, login="octo-org", kind="Organization"),
        User(id=670, login="octocat\u200b", kind="User"),
        User(id=671, login="ghost", kind="Mannequin"),
    ],
    ids=lambda who: who.login,
)
def test_a_name_that_looks_trusted_opens_nothing(tmp_path: Path, who: User) -> None:
    garden = Garden(tmp_path, FLOW)
    pull = garden.open(FLOW, author=OWNER)
    assert not [each for each in garden.says(who, "/mycelium look", pull.number) if each.ruling is Ruling.MATCHED]
    assert not [each for each in garden.pulled(pull, by=who) if each.ruling is Ruling.MATCHED]
    assert garden.executions == []
    for made in (garden.says(MEMBER, "/mycelium look", pull.number), garden.pulled(pull, by=MEMBER)):
        assert [each.ruling for each in made] == [Ruling.MATCHED]


def test_what_a_payload_calls_somebody_says_nothing(tmp_path: Path) -> None:
    garden = Garden(tmp_path, ON_COMMENT)
    pull = garden.open(ON_COMMENT, author=OWNER)
    (made,) = garden.says(STRANGER, "/mycelium look", pull.number, association="OWNER")
    assert made.ruling is Ruling.DENIED
    (made,) = garden.says(MEMBER, "/mycelium look", pull.number, association="CONTRIBUTOR")
    assert made.ruling is Ruling.MATCHED
