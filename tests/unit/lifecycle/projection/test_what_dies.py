"""Whatever a process dies around, and whatever answer is lost: GitHub shows each thing once, and as it is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import Unavailable
from orchestrator.execution.outcome import Annotation, Outcome
from orchestrator.execution.showing import EXECUTION, run_place
from orchestrator.execution.state import ExecutionStatus, NodeStatus
from orchestrator.lifecycle.ports.github import Credential
from orchestrator.lifecycle.projection.passes import Projection
from tests.fakes.projected import Scene
from tests.faults.tripwire import Died, Ledger, Process, Tripwire

NOTES = tuple(Annotation(level="warning", message=f"No. {count}", path="a.py") for count in range(120))
pytestmark = pytest.mark.no_cover
CREDENTIALS = [Credential.APP, Credential.PERSONAL]


class Mortal(Scene):
    """A scene whose process may die, and is followed by another."""

    tripwire = Tripwire()
    deaths = 0

    def restart(self) -> None:
        process = Process(self.services, self.tripwire, Ledger())
        assert process.services.github is not None
        self.projection = Projection(process.services, process.services.github)

    def settle(self, seconds: float = 600.0) -> float:
        try:
            return super().settle(seconds)
        except Died:
            self.deaths += 1
            self.restart()
            return self.settle(seconds)


def play(scene: Scene) -> None:
    """An execution that fails with many annotations, waits, and is run again in part."""
    number = scene.pull_request()
    key = scene.add(3, number=number, approvals=[2])
    scene.settle()
    scene.set(key, 0, NodeStatus.RUNNING)
    scene.settle()
    scene.set(key, 0, NodeStatus.FAILED, outcome=Outcome(message="No", annotations=NOTES))
    scene.set(key, 1, NodeStatus.COMPLETED)
    scene.set(key, 2, NodeStatus.WAITING)
    scene.settle()
    scene.set(key, 2, NodeStatus.COMPLETED, decided_by="ada")
    scene.settle()
    with scene.store.begin() as tx:
        execution = tx.lock(key)
        tx.begin_round(key, [EXECUTION, run_place(0)])
        tx.save(replace(execution, status=ExecutionStatus.PENDING, completed_at=None, open_runs=1, active_runs=1))
        tx.save_runs([replace(tx.run(key, 0), status=NodeStatus.QUEUED, attempt=0, outcome=None)])
        tx.changed(key)
    scene.settle()
    scene.set(key, 0, NodeStatus.RUNNING)
    scene.set(key, 0, NodeStatus.COMPLETED)
    scene.settle()


def picture(scene: Scene) -> dict[str, Any]:
    """All that people see."""
    checks = sorted(scene.github.repo.checks.values(), key=lambda each: each.id)
    statuses = {status.context: status for known in scene.github.repo.statuses.values() for status in known}
    return {
        "checks": {(each.check.name, each.check.external_id): _timeless(each.check.title) for each in checks},
        "count": len(checks),
        "annotations": [[note.message for note in each.annotations] for each in checks if each.annotations],
        "comments": [_timeless(body) for body in scene.github.comment_bodies(1)],
        "statuses": {name: (status.state, _timeless(status.description)) for name, status in statuses.items()},
        "behind": scene.store.behind("here"),
        "unclear": scene.disagreements("00000001"),
    }


def _timeless(text: str) -> str:
    """Without durations: those who were interrupted took longer."""
    return "".join(sign for sign in text if not sign.isdigit() and sign not in ".smh")


@pytest.fixture
def scene_of(tmp_path: Path) -> Callable[[Credential], Mortal]:
    return lambda credential: Mortal(folder=tmp_path, limited=False, credential=credential)


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_a_death_at_any_point_leaves_each_thing_once(
    scene_of: Callable[[Credential], Mortal], credential: Credential
) -> None:
    undisturbed = scene_of(credential)
    undisturbed.tripwire = Tripwire()
    undisturbed.restart()
    play(undisturbed)
    expected = picture(undisturbed)
    assert expected["behind"] == []
    assert expected["unclear"] == []
    wrong = {}
    for number, point in enumerate(undisturbed.tripwire.passed):
        scene = scene_of(credential)
        scene.tripwire = Tripwire(number)
        scene.restart()
        play(scene)
        assert scene.deaths == 1
        if picture(scene) != expected:
            wrong[number, point] = picture(scene)
    assert wrong == {}
    passed = set(undisturbed.tripwire.passed)
    deeds = ["write_comment", "edit_comment"]
    deeds += (
        ["set_status"] if credential is Credential.PERSONAL else ["create_check_run", "update_check_run", "annotate"]
    )
    assert {f"{when} github {deed}" for when in ("before", "after") for deed in deeds} <= passed


@pytest.mark.parametrize("after", [False, True])
def test_an_answer_that_is_lost_at_any_write_leaves_each_thing_once(tmp_path: Path, *, after: bool) -> None:
    def scene() -> Scene:
        return Scene(folder=tmp_path, limited=False)

    undisturbed = scene()
    play(undisturbed)
    expected, writes = picture(undisturbed), [write.method for write in undisturbed.github.writes]
    assert len(writes) > 15
    for number, method in enumerate(writes):
        disturbed = scene()
        passed = writes[:number].count(method)
        disturbed.github.fail(method, Unavailable("lost"), after=after, skip=passed)
        play(disturbed)
        assert disturbed.github.refused["Unavailable"] == 1
        assert picture(disturbed) == expected, (number, method)


def test_what_is_expected_of_all_this(tmp_path: Path) -> None:
    """So that the comparisons above compare something."""
    scene = Scene(folder=tmp_path, limited=False)
    play(scene)
    shown = picture(scene)
    ids = [external for _, external in shown["checks"]]
    each = ["00000001", "00000001#1", "00000001/0", "00000001/0#1", "00000001/1", "00000001/2"]
    assert sorted(ids) == each
    assert shown["annotations"] == [[note.message for note in NOTES]]
    assert len(shown["comments"]) == 1
