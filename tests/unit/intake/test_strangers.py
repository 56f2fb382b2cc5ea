"""Pull requests of strangers: they wait, are allowed for one commit, and their files are never more than data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.roles import Role
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.intake.receive import release
from orchestrator.lifecycle.ports import Decision, Hold, Ruling
from orchestrator.lifecycle.ports.github import PullRequest, User
from tests.fakes.garden import MEMBER, OWNER, STRANGER, TRIAGER, Garden

FLOW = "on: pull_request\nnodes: {look: {agent: helper, prompt: Look.}}\n"
AGENT = "---\nname: helper\ndescription: Helps\n---\nYou are the base's helper.\n"
FILES = {"workflows/review.yaml": FLOW, ".claude/agents/helper.md": AGENT, "mycelium.yaml": "replay: {strict: true}\n"}
EVIL = {
    "workflows/review.yaml": "on: pull_request\nnodes: {look: {run: curl evil}}\n",
    "workflows/more.yaml": "on: pull_request\nnodes: {look: {run: curl evil}}\n",
    ".claude/agents/helper.md": AGENT.replace("the base's", "an evil"),
    "mycelium.yaml": "mcp: {evil: {command: curl}}\n",
    ".mcp.json": '{"mcpServers": {"evil": {"command": "curl"}}}',
}


@pytest.fixture
def garden(tmp_path: Path) -> Garden:
    return Garden(tmp_path, FILES)


def waiting(garden: Garden, *, files: dict[str, str] | None = None) -> PullRequest:
    """A stranger's pull request whose execution waits."""
    pull = garden.open(EVIL if files is None else files, author=STRANGER, fork=True)
    (made,) = garden.pulled(pull)
    assert (made.ruling, made.rule, made.owed) == (Ruling.WAITING, "fork", True)
    assert made.lines == (f"A maintainer lets it start with `/mycelium allow {pull.head_sha}`",)
    assert garden.executions == []
    return pull


def allow(garden: Garden, pull: PullRequest, sha: str = "", by: object = MEMBER) -> Decision:
    (made,) = garden.says(by, f"/mycelium allow {sha or pull.head_sha[:12]}", pull.number)  # type: ignore[arg-type]
    return made


def of_workflow(garden: Garden, pull: PullRequest) -> Decision:
    with garden.world.store.begin() as tx:
        return next(each for each in tx.intake.of_thread(pull.number) if each.subject == "review")


def test_what_was_allowed_runs_the_bases_definitions_on_the_forks_commit(garden: Garden) -> None:
    pull = waiting(garden)
    made = allow(garden, pull)
    assert (made.ruling, made.reason) == (Ruling.MATCHED, "`review` started")
    (execution,) = garden.executions
    assert (execution.base, execution.triggered_by) == (pull.head_sha, "sam")
    plan = garden.world.store.plan(execution.id)
    assert plan.source == FLOW
    assert plan.agents["helper"].prompt.strip() == "You are the base's helper."
    assert plan.project.mcp == {}
    assert plan.project.replay.strict
    assert of_workflow(garden, pull).ruling is Ruling.MATCHED


def test_the_members_own_fork_waits_too(garden: Garden) -> None:
    (made,) = garden.pulled(garden.open(EVIL, author=MEMBER, fork=True))
    assert made.ruling is Ruling.WAITING


def test_somebody_with_too_little_to_say_sets_off_what_waits(garden: Garden) -> None:
    pull = garden.open(FILES, author=MEMBER)
    (made,) = garden.pulled(pull, "reopened", by=TRIAGER)
    assert (made.ruling, made.rule) == (Ruling.WAITING, "actor")
    assert allow(garden, pull, by=OWNER).ruling is Ruling.MATCHED


@pytest.mark.parametrize(
    ("by", "reason"),
    [(TRIAGER, "has the role triage; it takes write"), (STRANGER, "has the role read; it takes write")],
)
def test_only_who_may_write_allows(garden: Garden, by: object, reason: str) -> None:
    pull = waiting(garden)
    made = allow(garden, pull, by=by)
    assert made.ruling is Ruling.DENIED
    assert reason in made.reason
    assert garden.executions == []


def test_nobody_allows_their_own_pull_request(garden: Garden) -> None:
    pull = garden.open(EVIL, author=MEMBER, fork=True)
    garden.pulled(pull)
    assert "cannot allow their own" in allow(garden, pull, by=MEMBER).reason
    assert garden.executions == []
    allow(garden, pull, by=OWNER)
    assert len(garden.executions) == 1


def test_another_commit_is_not_allowed(garden: Garden) -> None:
    pull = waiting(garden)
    made = allow(garden, pull, sha="abcdef0123")
    assert (made.ruling, made.rule) == (Ruling.DENIED, "moved")
    assert f"the head of the pull request is {pull.head_sha[:12]}" in made.reason


def test_a_closed_pull_request_is_not_allowed(garden: Garden) -> None:
    pull = waiting(garden)
    pulls = garden.github.repo.pull_requests
    pulls[pull.number] = replace(pulls[pull.number], state="closed")
    assert allow(garden, pull).reason == "the pull request is closed"
    assert garden.executions == []
    pulls[pull.number] = replace(pulls[pull.number], state="open")
    assert allow(garden, pull).ruling is Ruling.MATCHED


def test_a_push_after_the_maintainer_looked_ends_it(garden: Garden) -> None:
    pull = waiting(garden)
    moved = garden.move(pull.number, {**EVIL, "worse": ""})
    assert allow(garden, pull).rule == "moved"
    # The event of the push comes late; what waited for the old head is no longer to be had with the new one either.
    assert allow(garden, moved).reason == "nothing waits to be allowed for this commit"
    garden.pulled(moved, "synchronize")
    assert garden.executions == []
    assert allow(garden, moved).ruling is Ruling.MATCHED
    assert [execution.base for execution in garden.executions] == [moved.head_sha]


def test_a_push_forgets_what_waited_for_the_head_before(garden: Garden) -> None:
    pull = waiting(garden)
    with garden.world.store.begin() as tx:
        first = tx.intake.of_thread(pull.number)[0]
    moved = garden.move(pull.number, {**EVIL, "worse": ""})
    garden.pulled(moved, "synchronize")
    with garden.world.store.begin() as tx:
        before = tx.intake.decided(first.delivery_id)[0]
        assert [held.head_sha for held in tx.intake.held([Hold.WAITING])] == [moved.head_sha]
    assert (before.ruling, before.rule) == (Ruling.SUPERSEDED, "moved")


def test_an_old_event_that_comes_late_forgets_nothing(garden: Garden) -> None:
    old = waiting(garden)
    moved = garden.move(old.number, {**EVIL, "worse": ""})
    garden.pulled(moved, "synchronize")
    late = replace(old, number=old.number)
    garden.pulled(late, "synchronize")
    with garden.world.store.begin() as tx:
        assert moved.head_sha in [held.head_sha for held in tx.intake.held([Hold.WAITING])]


def test_several_events_on_one_head_are_allowed_as_one(garden: Garden) -> None:
    pull = waiting(garden)
    for action in ("reopened", "synchronize"):
        garden.pulled(pull, action)
    with garden.world.store.begin() as tx:
        assert [each.ruling.value for each in tx.intake.of_thread(pull.number)] == [
            "waiting",
            "superseded",
            "superseded",
        ]
    allow(garden, pull)
    assert len(garden.executions) == 1


def test_a_closed_pull_request_waits_for_nothing(garden: Garden) -> None:
    pull = waiting(garden)
    garden.github.repo.pull_requests[pull.number] = replace(pull, state="closed")
    garden.pulled(pull, "closed")
    assert of_workflow(garden, pull).reason == "the pull request was closed"
    assert allow(garden, pull).ruling is Ruling.DENIED


def test_an_allowance_is_for_the_workflow_as_it_was(garden: Garden) -> None:
    pull = waiting(garden)
    garden.push({**FILES, ".claude/agents/helper.md": AGENT.replace("the base's", "a newer")})
    made = allow(garden, pull)
    assert "has changed since; it is to be allowed anew" in made.reason
    assert garden.executions == []
    assert of_workflow(garden, pull).ruling is Ruling.WAITING
    allow(garden, pull)
    (execution,) = garden.executions
    assert "a newer helper" in garden.world.store.plan(execution.id).agents["helper"].prompt


def test_a_workflow_that_is_gone_starts_no_more(garden: Garden) -> None:
    pull = waiting(garden)
    garden.push({"README.md": ""})
    assert "no valid workflow `review` any more" in allow(garden, pull).reason
    assert of_workflow(garden, pull).ruling is Ruling.SUPERSEDED


def test_two_pull_requests_with_one_head_are_two(garden: Garden) -> None:
    first = waiting(garden)
    second = garden.open({}, author=STRANGER, fork=True, head=first.head_sha)
    (made,) = garden.pulled(second)
    assert made.ruling is Ruling.WAITING
    allow(garden, first)
    assert len(garden.executions) == 1
    assert of_workflow(garden, second).ruling is Ruling.WAITING
    # And what is cancelled on one of them goes on on the other.
    garden.says(MEMBER, "/mycelium cancel", second.number)
    assert garden.executions[0].status is not ExecutionStatus.CANCELLED
    assert of_workflow(garden, second).ruling is Ruling.SUPERSEDED


def test_a_member_and_a_stranger_with_one_head_are_trusted_apart(garden: Garden) -> None:
    mine = garden.open(EVIL, author=MEMBER)
    theirs = garden.open({}, author=STRANGER, fork=True, head=mine.head_sha)
    assert {each.ruling for each in garden.pulled(mine)} == {Ruling.MATCHED}
    assert [(each.subject, each.ruling) for each in garden.pulled(theirs)] == [("review", Ruling.WAITING)]


@pytest.mark.parametrize("author", [STRANGER, MEMBER, OWNER], ids=lambda user: user.login)
@pytest.mark.parametrize("job", [{}, {"allowed_by": "GitHub", "silent": True}], ids=["", "forks: run"])
def test_never_is_never(tmp_path: Path, author: User, job: dict[str, Any]) -> None:
    flow = FLOW.replace("pull_request", "{pull_request: , comment: {command: look}}")
    garden = Garden(
        tmp_path, {"workflows/review.yaml": f"trust: {{forks: never}}\n{flow}", ".claude/agents/helper.md": AGENT}
    )
    garden.desk = replace(garden.desk, **job)
    pull = garden.open(EVIL, author=author, fork=True)
    for by in (author, MEMBER, OWNER):
        (made,) = garden.pulled(pull, by=by)
        assert (made.ruling, made.rule, made.owed) == (Ruling.DENIED, "fork", False)
        (made,) = garden.says(by, "/mycelium look", pull.number)
        assert made.ruling is Ruling.DENIED
        assert allow(garden, pull, by=by).ruling is Ruling.DENIED
    assert garden.executions == []


def test_a_push_between_the_approval_and_the_start_ends_it(tmp_path: Path) -> None:
    flow = "on: pull_request\nconcurrency: one\nnodes: {look: {run: x}}\n"
    garden = Garden(tmp_path, {"workflows/review.yaml": flow})
    mine = garden.open({"workflows/review.yaml": flow}, author=MEMBER)
    garden.pulled(mine)
    pull = garden.open({}, author=STRANGER, fork=True)
    garden.pulled(pull)
    assert "comes first" in allow(garden, pull).reason
    garden.move(pull.number, {"x": ""})
    garden.world.work()
    (made,) = release(garden.desk)
    assert (made.ruling, made.rule) == (Ruling.SUPERSEDED, "moved")
    assert len(garden.executions) == 1
    assert release(garden.desk) == []


def test_an_allowed_one_whose_turn_comes_starts(tmp_path: Path) -> None:
    flow = "on: pull_request\nconcurrency: one\nnodes: {look: {run: x}}\n"
    garden = Garden(tmp_path, {"workflows/review.yaml": flow})
    garden.pulled(garden.open({"workflows/review.yaml": flow}, author=MEMBER))
    pull = garden.open({}, author=STRANGER, fork=True)
    garden.pulled(pull)
    allow(garden, pull)
    assert release(garden.desk) == []
    garden.world.work()
    (made,) = release(garden.desk)
    assert (made.ruling, made.rule) == (Ruling.MATCHED, "allowed")
    assert garden.executions[-1].base == pull.head_sha


def test_a_role_that_is_lost_before_the_turn_comes_is_lost(tmp_path: Path) -> None:
    flow = "on: pull_request\nconcurrency: one\nnodes: {look: {run: x}}\n"
    garden = Garden(tmp_path, {"workflows/review.yaml": flow})
    for _ in range(2):
        garden.pulled(garden.open({"workflows/review.yaml": flow}, author=MEMBER))
    garden.github.repo.roles[MEMBER.login] = Role.READ
    garden.world.work()
    (made,) = release(garden.desk)
    assert (made.ruling, made.rule) == (Ruling.WAITING, "actor")


def test_a_members_command_on_a_fork_waits_for_that_commit_too(tmp_path: Path) -> None:
    flow = {"workflows/review.yaml": "on: {comment: {command: review}}\ninputs: {d: }\nnodes: {look: {run: x}}\n"}
    garden = Garden(tmp_path, flow)
    pull = garden.open({}, author=STRANGER, fork=True)
    (made,) = garden.says(MEMBER, "/mycelium review d=1", pull.number)
    assert (made.ruling, made.rule) == (Ruling.WAITING, "fork")
    allow(garden, pull)
    assert garden.executions[-1].inputs == {"d": "1"}
    # It was for these inputs.
    (made,) = garden.says(MEMBER, "/mycelium review d=2", pull.number)
    assert made.ruling is Ruling.WAITING


def test_allow_is_for_pull_requests(garden: Garden) -> None:
    (made,) = garden.says(MEMBER, "/mycelium allow abcdef0", 12, on="issue")
    assert "only what waits on a pull request" in made.reason
