"""Machines of Actions that vanish in the middle of a job, and what the next job makes of what is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.archive.codec import decode
from orchestrator.lifecycle.archive.entry import Entry
from orchestrator.lifecycle.archive.index import INDEX, load
from tests.fakes.actions_runner.scene import Scene
from tests.fakes.github import GitHubStandIn
from tests.fakes.github.faults import Scripted, silence
from tests.fakes.github.state import CheckRun

PUSH = r"POST /octo/demo\.git/git-receive-pack"
BRANCH = "mycelium-history"
COUNTED = ("first", "second", "third")


class Story:
    """A workflow whose nodes tell that they ran, and of which `second` and `third` run until the test lets them end."""

    def __init__(self, github: GitHubStandIn, folder: Path) -> None:
        self.folder = folder
        self.looked_at: str | None = None
        told = {name: f"echo {name} >> {folder}/ledger" for name in COUNTED}
        until = {name: f"until test -e {folder}/go-{name}; do sleep 0.05; done" for name in COUNTED}
        flow = f"""
            name: Long
            on: {{pull_request: {{types: [opened]}}}}
            nodes:
              first: {{run: '{told["first"]}; echo made > made.txt', workspace: write}}
              second: {{needs: first, run: '{told["second"]}; {until["second"]}'}}
              third: {{needs: second, run: '{told["third"]}; {until["third"]}; test -e made.txt'}}
            publish:
              pull-request: {{from: first, title: Made}}
            """
        self.scene = Scene(github, folder / "runner", {"workflows/long.yaml": flow})
        self.scene.repository.actions_may_open_pull_requests = True

    def ran(self, name: str) -> int:
        ledger = self.folder / "ledger"
        return ledger.read_text().split().count(name) if ledger.exists() else 0

    def let(self, name: str) -> None:
        (self.folder / f"go-{name}").touch()

    def entries(self) -> list[Entry]:
        git = self.scene.repository.git
        if git.branch(BRANCH) is None:
            return []
        return sorted(load(git("cat-file", "blob", f"{BRANCH}:{INDEX}").encode()).entries.values(), key=lambda e: e.id)

    def kept(self, name: str) -> bool:
        """Whether the branch has it that this node has ended."""
        git = self.scene.repository.git
        records = [decode(git.raw("cat-file", "blob", f"{BRANCH}:{entry.path}")) for entry in self.entries()]
        return any(run.key == name and run.status.settled for record in records for run in record.dossier.runs)

    def moved(self) -> bool:
        """Whether the branch is another than the last time."""
        before, self.looked_at = self.looked_at, self.scene.repository.git.branch(BRANCH)
        return before != self.looked_at

    def published(self) -> int:
        """How many pull requests of ours there are."""
        return [pull.issue.title for pull in list(self.scene.repository.pulls.values())].count("Made")

    def checks(self) -> list[CheckRun]:
        return list(self.scene.repository.check_runs.values())


@pytest.fixture
def story(github: GitHubStandIn, tmp_path: Path) -> Story:
    return Story(github, tmp_path)


def test_an_execution_outlives_machines_that_vanish(github: GitHubStandIn, story: Story) -> None:
    scene = story.scene
    # Nothing is kept yet: nobody will know of this execution, and so GitHub does not show it either.
    unheard: Scripted = github.faults.add(PUSH, silence())
    first = scene.pulled(vanish_when=lambda: unheard.arrived.is_set() and story.ran("second") == 1)
    assert story.entries() == []
    assert story.checks() == []
    assert scene.comments() == []
    github.faults.lift()

    # Somebody presses “Re-run jobs”, and it starts anew. This time a node was kept that had ended: at this moment, and
    # the machine never hears that it was.
    github.faults.add(PUSH, silence(happens=True), skip=1)
    second = scene.pulled(again=first, vanish_when=lambda: story.moved() and story.kept("first"))
    github.faults.lift()
    assert (story.ran("first"), story.ran("second")) == (2, 2)
    (entry,) = story.entries()
    assert entry.holder == f"71/2/mycelium@mycelium.yml~{second.check_run}"

    # It goes on where it was, to its end. This machine is gone when all has been published, and its end was not kept.
    story.let("second")
    story.let("third")
    third = scene.pulled(again=second, vanish_when=lambda: story.published() == 1)
    assert [story.ran(name) for name in COUNTED] == [2, 3, 1]
    assert (third.attempt, story.entries()[0].open) == (3, True)
    lost = [not story.kept(name) for name in COUNTED]
    assert not lost[0]

    # A job of another event goes on with it, beside what that event starts; the run that was killed has ended.
    scene.repository.attempts[71, 3] = "completed"
    other = scene.open("other")
    done = scene.runner.run("pull_request", scene.event(other), token=scene.token())
    assert done.conclusion == "success", done.raw
    assert [story.ran(name) for name in COUNTED] == [3, 4 + lost[1], 2 + lost[2]], done.raw
    assert [each.status for each in story.entries()] == [ExecutionStatus.COMPLETED] * 2
    assert [each.number for each in story.entries()] == [1, 2]
    assert story.entries()[0].id == entry.id

    # On GitHub there is one of each, and all have ended; one that had ended, and began again, is a new one.
    assert {check.status for check in story.checks()} == {"completed"}
    assert {check.conclusion for check in story.checks()} == {"success"}
    on_first = [check.name for check in story.checks() if check.head_sha == scene.pull.head_sha]
    assert set(on_first) == {"Long", *(f"Long / {name}" for name in COUNTED)}
    assert on_first.count("Long / first") == 1
    (comment,) = scene.comments()
    assert entry.id in comment
    assert story.published() == 2
