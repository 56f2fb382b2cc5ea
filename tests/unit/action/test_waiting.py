"""What waits on a pull request in one job, and is allowed in another that has nothing but what GitHub tells."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from action.forks import deliveries
from action.job import Job
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.definitions.committed import CommittedDefinitions
from orchestrator.lifecycle.intake.answering import answer
from orchestrator.lifecycle.intake.in_job import start_named
from orchestrator.lifecycle.intake.occasion import Desk
from orchestrator.lifecycle.intake.receive import receive
from orchestrator.lifecycle.ports import Decision, Ruling
from orchestrator.lifecycle.ports.github import PullRequest, User
from orchestrator.report.answers import MARKER
from tests.fakes.garden import MEMBER, OWNER, STRANGER, TRIAGER, Garden, reader_of
from tests.fakes.payloads import account, commented, payload, pull_request
from tests.fakes.world import World

ONE = "nodes: {only: {run: x}}\n"


@dataclass(kw_only=True)
class Jobs:
    """Jobs of Actions in the repository of a garden, each with a store of its own."""

    folder: Path
    garden: Garden
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def run(
        self, event: str, body: dict[str, Any], *, silent: bool = False, name: str = ""
    ) -> tuple[Desk, list[Decision]]:
        """A job from its event to its answers."""
        desk = self._desk(silent)
        job = Job(
            event=event,
            payload=body,
            delivery=f"actions {desk.services.instance}",
            page=desk.job,
            reads_only=silent,
            temporary=self.folder,
            output=None,
            summary=None,
        )
        made: list[Decision] = []
        for each in deliveries(job, desk, name):
            if name and each.event != "issue_comment":
                made += filter(None, [start_named(desk, each, name, {})])
            else:
                made += receive(desk, each)
        if not silent:
            answer(desk)
        return desk, made

    def _desk(self, silent: bool) -> Desk:
        number = next(self.numbers)
        world = World(self.folder / f"runner-{number}", instance=f"i{number}", github=self.garden.github)
        world.git.origin = self.garden.world.git
        definitions = CommittedDefinitions(reader_of(world.git))
        return Desk(
            services=world.services,
            github=self.garden.github,
            definitions=definitions,
            job=f"https://github.example/runs/{number}",
            silent=silent,
        )

    def pulled(self, found: PullRequest, action: str, *, by: User | None = None, **keys: Any) -> list[Decision]:
        """The job of a pull request's event, which can write nothing where it is a fork's."""
        body = payload(action, sender=_account(by or found.author), pull_request=_state(found))
        if label := keys.get("label"):
            body["label"] = {"name": label}
            body["pull_request"]["labels"] = [{"name": label}]
            self.garden.github.repo.pull_requests[found.number] = replace(found, labels=(label,))
        name = keys.get("event", "pull_request")
        return self.run(name, body, silent=found.from_fork and not keys.get("target", False))[1]

    def told(self, found: PullRequest) -> list[Decision]:
        """The job of `workflow_run` after that of a fork."""
        ran = {"event": "pull_request", "head_sha": found.head_sha}
        return self.run("workflow_run", payload("completed", workflow_run=ran))[1]

    def says(self, by: User, line: str, number: int, *, name: str = "") -> list[Execution]:
        """The job of a comment: what starts in it."""
        comment = self.garden.github.add_comment(number, by, line)
        body = commented(line, number=number, sender=_account(by), comment_id=comment.id)
        desk, _ = self.run("issue_comment", body, name=name)
        return desk.services.store.executions()

    def answers(self, number: int) -> str:
        bodies = self.garden.github.comment_bodies(number)
        return next((each for each in bodies if each.startswith(MARKER)), "")


def _account(user: User) -> dict[str, Any]:
    return account(user.login, user.id, user.kind)


def _state(found: PullRequest) -> dict[str, Any]:
    made = pull_request(found.number, head=found.head_sha, fork=found.from_fork, author=_account(found.author))
    made["base"]["sha"], made["draft"] = found.base_sha, found.draft
    return made


def jobs_of(folder: Path, **flows: str) -> Jobs:
    files = {f"workflows/{name}.yaml": f"on: {on}\n{ONE}" for name, on in flows.items()}
    return Jobs(folder=folder, garden=Garden(folder / "garden", files))


@pytest.mark.parametrize(
    ("on", "action", "label", "seen"),
    [
        ("pull_request", "synchronize", "", "opened"),
        ("{pull_request: {types: [reopened, ready_for_review]}}", "ready_for_review", "", "reopened"),
        ("{pull_request: {types: [ready_for_review]}}", "ready_for_review", "", "ready_for_review"),
        ("{pull_request: {types: [labeled], labels: [deploy]}}", "labeled", "deploy", "labeled"),
        ("{pull_request: {types: [opened], labels: [deploy]}}", "opened", "deploy", "opened"),
    ],
)
def test_what_waits_for_a_fork_is_told_and_allowed_by_other_jobs(
    tmp_path: Path, on: str, action: str, label: str, seen: str
) -> None:
    jobs = jobs_of(tmp_path, review=on)
    pull = jobs.garden.open({}, author=STRANGER, fork=True)
    (waits,) = jobs.pulled(pull, action, label=label)
    line = f"A maintainer lets it start with `/mycelium allow {pull.head_sha}`"
    assert (waits.ruling, waits.lines) == (Ruling.WAITING, (line,))
    (told,) = jobs.told(pull)
    assert (told.subject, told.ruling) == ("review", Ruling.WAITING)
    assert line in jobs.answers(pull.number)
    (execution,) = jobs.says(OWNER, f"/mycelium allow {pull.head_sha}", pull.number)
    assert (execution.workflow_id, execution.base, execution.event["action"]) == ("review", pull.head_sha, seen)
    assert "🟡" not in jobs.answers(pull.number)


def test_what_somebody_with_a_low_role_sets_off_is_allowed_and_nothing_else_starts_again(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, review="pull_request", free="pull_request\ntrust: {actors: read}")
    pull = jobs.garden.open({}, author=STRANGER)
    made = {each.subject: each for each in jobs.pulled(pull, "opened")}
    assert made["free"].ruling is Ruling.MATCHED
    assert "/mycelium allow" in made["review"].lines[0]
    assert jobs.says(STRANGER, f"/mycelium allow {pull.head_sha}", pull.number) == []
    started = jobs.says(OWNER, f"/mycelium allow {pull.head_sha}", pull.number)
    assert [each.workflow_id for each in started] == ["review"]


def test_a_members_pull_request_starts_nothing_again_whoever_asks(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, review="{pull_request: {types: [opened, reopened]}}")
    pull = jobs.garden.open({"workflows/review.yaml": f"on: pull_request\n{ONE}"}, author=MEMBER)
    (waits,) = jobs.pulled(pull, "reopened", by=TRIAGER)
    assert waits.ruling is Ruling.WAITING
    assert waits.lines[0].startswith("Somebody who may start it has to do the same")
    for by in (STRANGER, OWNER):
        assert jobs.says(by, f"/mycelium allow {pull.head_sha}", pull.number) == []
    assert "nothing waits to be allowed" in jobs.answers(pull.number)


@pytest.mark.parametrize(
    ("on", "keys"),
    [
        ("{pull_request: {types: [edited]}}", {"action": "edited"}),
        ("{label: {name: deploy}}", {"action": "labeled", "label": "deploy", "by": MEMBER}),
        ("pull_request_review", {"action": "submitted", "event": "pull_request_review"}),
    ],
)
def test_what_no_later_job_can_know_names_no_command(tmp_path: Path, on: str, keys: dict[str, Any]) -> None:
    jobs = jobs_of(tmp_path, review=on)
    pull = jobs.garden.open({}, author=STRANGER, fork=True)
    (waits,) = jobs.pulled(pull, **keys)
    assert waits.ruling is Ruling.WAITING
    assert "cannot be allowed in Actions" in waits.lines[0]
    assert "/mycelium allow" not in waits.lines[0]
    assert jobs.told(pull) == []
    assert jobs.says(OWNER, f"/mycelium allow {pull.head_sha}", pull.number) == []


def test_a_workflow_that_the_job_names_is_allowed_whatever_it_names(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, review="push")
    pull = jobs.garden.open({}, author=STRANGER, fork=True)
    (execution,) = jobs.says(OWNER, f"/mycelium allow {pull.head_sha}", pull.number, name="review")
    assert execution.workflow_id == "review"


def test_a_command_on_a_fork_is_kept_by_our_answer_and_allowed_once(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, review="{comment: {command: review, alias: /review}}\ninputs: {depth: }")
    pull = jobs.garden.open({}, author=STRANGER, fork=True)
    assert jobs.says(MEMBER, "/review depth=3", pull.number) == []
    assert f"`/mycelium allow {pull.head_sha}`" in jobs.answers(pull.number)
    jobs.says(MEMBER, "/mycelium help", pull.number)
    assert "🟡" in jobs.answers(pull.number)
    (execution,) = jobs.says(OWNER, f"/mycelium allow {pull.head_sha}", pull.number)
    assert (execution.inputs, execution.triggered_by) == ({"depth": "3"}, MEMBER.login)
    assert "🟡" not in jobs.answers(pull.number)
    assert jobs.says(OWNER, f"/mycelium allow {pull.head_sha}", pull.number) == []


def test_a_command_that_was_edited_or_is_of_an_earlier_head_is_not_made_anew(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, review="{comment: {command: review}}\ninputs: {depth: }")
    pull = jobs.garden.open({}, author=STRANGER, fork=True)
    jobs.says(MEMBER, "/mycelium review depth=3", pull.number)
    moved = jobs.garden.move(pull.number, {"b": ""})
    assert jobs.says(OWNER, f"/mycelium allow {moved.head_sha}", pull.number) == []
    jobs.says(MEMBER, "/mycelium review depth=4", pull.number)
    comments = jobs.garden.github.repo.comments
    ident, said = next((key, each) for key, (_, each) in comments.items() if each.body.endswith("depth=4"))
    later = datetime(2099, 1, 1, tzinfo=UTC)
    comments[ident] = (pull.number, replace(said, body="/mycelium review depth=5", updated_at=later))
    assert jobs.says(OWNER, f"/mycelium allow {moved.head_sha}", pull.number) == []


def test_the_latest_five_answers_are_those_of_all_jobs(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, review="{comment: {command: review}}")
    pull = jobs.garden.open({}, author=MEMBER)
    for number in range(7):
        jobs.says(STRANGER, f"/mycelium what{number}", pull.number)
    told = jobs.answers(pull.number)
    assert [number for number in range(7) if f"what{number}`" in told] == [2, 3, 4, 5, 6]
    assert told.index("what6") < told.index("what2")


@pytest.mark.parametrize("digits", [7, 12, 39])
def test_a_job_wants_all_digits_of_a_commit(tmp_path: Path, digits: int) -> None:
    jobs = jobs_of(tmp_path, review="pull_request")
    pull = jobs.garden.open({}, author=STRANGER, fork=True)
    jobs.pulled(pull, "opened")
    assert jobs.says(OWNER, f"/mycelium allow {pull.head_sha[:digits]}", pull.number) == []
    assert "is not all of the commit's digits" in jobs.answers(pull.number)
    assert f"`/mycelium allow {pull.head_sha}`" in jobs.answers(pull.number)
