"""What a pull request changes in workflows is shown, whatever starts and whoever dies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.model import Node, Run, Workflow
from orchestrator.errors import Place, Unavailable
from orchestrator.execution.commit import FileChange
from orchestrator.execution.showing import Target
from orchestrator.lifecycle.definitions.changed import ChangedWorkflows
from orchestrator.lifecycle.ports.definitions import Comparison
from orchestrator.lifecycle.ports.github import Busy, Credential, PullRequest
from orchestrator.lifecycle.projection.proposals import MOST_TRIES, Proposals
from orchestrator.lifecycle.projection.proposing import propose_pull_request
from orchestrator.lifecycle.resume import owes, resume
from orchestrator.report.check_run import Conclusion
from orchestrator.report.workflow_changes import MARKER, NAME
from tests.fakes.garden import MEMBER, OWNER, STRANGER, Garden, reader_of
from tests.fakes.github_memory import MemoryGitHub, StoredCheck

FLOW = "on: issues\nnodes:\n  look: {run: echo look}\n  tell: {needs: look, run: echo tell}\n"
FILES = {"workflows/flow.yaml": FLOW, "README.md": "one"}
EDITED = {**FILES, "workflows/flow.yaml": FLOW + "  more: {needs: look, run: echo more}\nbudget: {usd: 3}\n"}
BROKEN = {**FILES, "workflows/flow.yaml": FLOW.replace("run: echo look", "ran: echo look")}


class Scene:
    """A garden in which nothing ever starts, and one process that shows what is proposed."""

    def __init__(self, folder: Path, files: dict[str, str] = FILES, credential: Credential = Credential.APP) -> None:
        self.garden = Garden(folder, files)
        self.github: MemoryGitHub = self.garden.github.speaking_as(credential)
        self.restart()

    def restart(self) -> None:
        self.proposals = Proposals(self.garden.desk.services, self.github, self._comparison())

    def _comparison(self) -> Comparison:
        return ChangedWorkflows(reader=reader_of(self.garden.world.git))

    def open(
        self, files: dict[str, str], *, paths: Sequence[str] = ("workflows/flow.yaml",), **keys: Any
    ) -> PullRequest:
        pull = self.garden.open(files, **keys)
        self.touch(pull, paths)
        assert self.garden.pulled(pull) == []
        return pull

    def touch(self, pull: PullRequest, paths: Sequence[str]) -> None:
        """What GitHub says that a pull request changes."""
        self.garden.github.repo.files[pull.number] = [FileChange(path=path, status="modified") for path in paths]

    def settle(self, passes: int = 60) -> int:
        """Pass after pass until GitHub agrees; how many writes that took."""
        before = len(self.github.writes)
        for _ in range(passes):
            if not self.garden.world.store.proposals("here"):
                break
            writes = len(self.github.writes)
            pause = self.proposals.step()
            assert len(self.github.writes) - writes <= 1
            self.garden.world.clock.advance(max(pause, 0.1))
        return len(self.github.writes) - before

    @property
    def checks(self) -> list[StoredCheck]:
        return self.garden.github.checks_named(NAME)

    def comment(self, number: int) -> str:
        (body,) = self.garden.github.comment_bodies(number)
        return body


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_pull_request_that_starts_nothing_gets_a_check_and_a_comment(scene: Scene) -> None:
    pull = scene.open(EDITED)
    assert scene.settle() == 2
    (check,) = scene.checks
    assert (check.head_sha, check.check.conclusion) == (pull.head_sha, Conclusion.SUCCESS)
    assert {note.path for note in check.annotations} == {"workflows/flow.yaml"}
    body = scene.comment(pull.number)
    assert body.startswith(MARKER)
    assert "**Before**" in body
    assert "**After**" in body
    assert body.count("```mermaid") == 2
    assert "An execution" in body, body
    assert scene.garden.pulled(pull, delivery="again") == []
    assert scene.settle() == 0


@pytest.mark.parametrize("paths", [[], ["README.md", "src/workflows/a.yaml"]])
def test_a_pull_request_without_definitions_costs_no_write_and_leaves_nothing(scene: Scene, paths: list[str]) -> None:
    scene.open({**FILES, "README.md": "two"}, paths=paths)
    assert scene.garden.world.store.proposals("here") == []
    assert scene.settle() == 0


def test_what_others_changed_on_the_base_is_none_of_its_doing(scene: Scene) -> None:
    pull = scene.garden.open(EDITED)
    scene.garden.github.repo.merge_bases[pull.head_sha] = scene.garden.main
    scene.garden.push({**FILES, "workflows/other.yaml": FLOW})
    scene.touch(pull, ["workflows/flow.yaml"])
    scene.garden.pulled(pull)
    scene.settle()
    assert "other" not in scene.comment(pull.number)


def test_each_head_has_a_check_of_its_own_and_the_comment_stays_one(scene: Scene) -> None:
    pull = scene.open(EDITED, author=STRANGER, fork=True)
    scene.settle()
    pull = scene.garden.move(pull.number, BROKEN)
    scene.garden.pulled(pull, "synchronize")
    assert scene.settle() == 2
    assert [check.check.conclusion for check in scene.checks] == [Conclusion.SUCCESS, Conclusion.FAILURE]
    problems = [note for note in scene.checks[1].annotations if note.level == "failure"]
    assert {(note.path, note.start_line) for note in problems} == {("workflows/flow.yaml", 3)}
    assert "The last valid version stays active" in scene.comment(pull.number)
    # The change is taken back: no new check, and a comment that no longer says what is not so.
    pull = scene.garden.move(pull.number, FILES)
    scene.touch(pull, [])
    scene.garden.pulled(pull, "synchronize")
    assert scene.settle() == 1
    assert len(scene.checks) == 2
    assert "No workflow changes." in scene.comment(pull.number)


def test_late_deliveries_and_closed_pull_requests_change_nothing(scene: Scene) -> None:
    old = scene.open(EDITED)
    new = scene.garden.move(old.number, BROKEN)
    scene.garden.pulled(new, "synchronize")
    scene.garden.pulled(old, "synchronize")
    scene.settle()
    assert [check.head_sha for check in scene.checks] == [new.head_sha]
    scene.garden.github.repo.pull_requests[new.number] = replace(new, state="closed")
    scene.garden.pulled(new, "edited")
    assert scene.settle() == 0


def test_annotations_go_in_batches(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    wrong = "nodes:\n" + "".join(f"  n{number}: {{ran: x}}\n" for number in range(60))
    scene.open({**FILES, "workflows/flow.yaml": wrong})
    assert scene.settle() >= 3
    (check,) = scene.checks
    assert len(check.annotations) > 50
    assert len({note.start_line for note in check.annotations}) == 60


def test_a_person_sets_a_status_and_a_job_without_the_permission_falls_back_on_it(tmp_path: Path) -> None:
    person = Scene(tmp_path / "person", credential=Credential.PERSONAL)
    pull = person.open(BROKEN)
    person.settle()
    (status,) = person.github.repo.statuses[pull.head_sha]
    assert (status.context, status.state) == (NAME, "failure")
    job = Scene(tmp_path / "job", credential=Credential.ACTIONS)
    job.github.denied = {"create_check_run": "checks: write", "write_comment": "pull-requests: write"}
    pull = job.open(BROKEN)
    job.settle()
    (status,) = job.github.repo.statuses[pull.head_sha]
    assert status.state == "failure"
    (proposal,) = job.garden.world.store._tables.proposals.values()  # type: ignore[attr-defined]
    assert proposal.refused == ("check", "comment")
    assert "pull-requests: write" in proposal.trouble


@pytest.mark.parametrize("method", ["create_check_run", "write_comment", "edit_comment", "annotate"])
@pytest.mark.parametrize("after", [False, True])
def test_nothing_is_shown_twice_whoever_dies(tmp_path: Path, method: str, after: bool) -> None:
    scene = Scene(tmp_path)
    wrong = {**FILES, "workflows/flow.yaml": "nodes:\n" + "".join(f"  n{number}: {{ran: x}}\n" for number in range(60))}
    pull = scene.open(EDITED)
    scene.settle()
    scene.github.fail(method, Unavailable("no answer"), after=after)
    pull = scene.garden.move(pull.number, wrong)
    scene.garden.pulled(pull, "synchronize")
    for _ in range(60):
        scene.restart()
        scene.settle(passes=1)
    assert scene.garden.world.store.proposals("here") == []
    _, second = scene.checks
    assert second.head_sha == pull.head_sha
    assert len(second.annotations) == len({(note.start_line, note.message) for note in second.annotations})
    assert "is invalid" in scene.comment(pull.number)


def test_another_store_finds_the_check_of_the_same_head(scene: Scene, tmp_path: Path) -> None:
    pull = scene.open(BROKEN)
    scene.settle()
    other = Scene(tmp_path / "other")
    other.garden.world.git.unbundle(scene.garden.world.git.bundle(pull.head_sha, known=[]))
    other.garden.world.git.unbundle(scene.garden.world.git.bundle(scene.garden.main, known=[]))
    other.github = scene.github
    other.restart()
    assert propose_pull_request(other.garden.desk.services, scene.github, pull.number)
    other.settle()
    (check,) = scene.checks
    assert len(check.annotations) == len({(note.start_line, note.message) for note in check.annotations})
    assert "is invalid" in scene.comment(pull.number)


def test_whoever_resumes_shows_what_is_left(scene: Scene) -> None:
    pull = scene.open(EDITED)
    services = scene.garden.desk.services
    target = Target(repository=scene.github.repository, number=pull.number)
    node = Node(id="n", action=Run(script="x"), place=Place(file="workflows/demo.yaml"))
    definition = Workflow(id="demo", path="workflows/demo.yaml", name="Demo", nodes={"n": node})
    started = scene.garden.world.start(definition, target=target)
    others = replace(services, instance="others", github=scene.github)
    assert owes(others, started)
    resume(others, started.id, of="here")
    assert [each.number for each in services.store.proposals("others")] == [pull.number]


def test_who_may_not_look_still_decides(scene: Scene) -> None:
    scene.garden.github.denied = {"changed_files": "pull requests: read"}
    assert scene.open(EDITED).number
    assert scene.garden.world.store.proposals("here") == []


def test_an_hour_of_silence_is_waited_for_and_a_full_budget_too(scene: Scene) -> None:
    scene.open(EDITED)
    scene.github.down = True
    assert scene.settle(passes=5) == 0
    scene.github.down = False
    scene.github.fail("write_comment", Busy("later", until=scene.garden.world.clock.now()))
    assert scene.settle() == 2


def test_commits_that_cannot_be_had_are_given_up_until_the_next_event(scene: Scene) -> None:
    pull = scene.garden.github.add_pull_request("f" * 40, author=MEMBER)
    scene.touch(pull, ["workflows/flow.yaml"])
    propose_pull_request(scene.garden.desk.services, scene.github, pull.number)
    assert scene.settle(passes=3 * MOST_TRIES * 60) == 0
    proposal = scene.garden.world.store.proposal(scene.github.repository, f"pull/{pull.number}")
    assert proposal is not None
    assert "is not in the repository" in proposal.trouble


@pytest.mark.parametrize("what", ["pull_request", "merge_base", "create_check_run"])
def test_an_hour_without_github_is_sat_out(scene: Scene, what: str) -> None:
    scene.open(EDITED)
    scene.github.fail(what, Unavailable("502 Bad Gateway"), times=10_000)
    began = scene.garden.world.clock.now()
    while scene.garden.world.clock.now() - began < timedelta(hours=1):
        scene.settle(passes=20)
    assert scene.checks == []
    scene.github.heal()
    back = scene.garden.world.clock.now()
    scene.settle()
    assert len(scene.checks) == 1
    assert scene.garden.world.clock.now() - back <= timedelta(minutes=1)


def test_a_push_that_breaks_a_workflow_says_so_on_its_commit(scene: Scene) -> None:
    before = scene.garden.main
    fine = scene.garden.push(EDITED)
    scene.garden.pushes(OWNER, "refs/heads/main", before, fine)
    assert scene.settle() == 0
    broken = scene.garden.push(BROKEN)
    scene.garden.pushes(OWNER, "refs/heads/main", fine, broken)
    assert scene.settle() == 1
    (check,) = scene.checks
    assert (check.head_sha, check.check.conclusion) == (broken, Conclusion.FAILURE)
    assert "The last valid version stays active" in check.check.summary
    side = scene.garden.push({**BROKEN, "README.md": "x"}, branch="side")
    scene.garden.pushes(OWNER, "refs/heads/side", broken, side)
    assert scene.settle() == 0
