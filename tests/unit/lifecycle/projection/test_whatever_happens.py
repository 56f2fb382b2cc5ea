"""Whatever executions do and however GitHub behaves, in the end it shows each of them as it is stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.errors import Unavailable
from orchestrator.execution.state import NodeStatus
from orchestrator.lifecycle.ports.github import Busy, Credential
from orchestrator.lifecycle.report import view
from orchestrator.report.comment import comment
from tests.fakes.projected import Scene

pytestmark = pytest.mark.usefixtures("brief")

NODES = 4
METHODS = ("create_check_run", "update_check_run", "write_comment", "edit_comment", "find_check_runs", "comments")
LAST = (NodeStatus.COMPLETED, NodeStatus.FAILED, NodeStatus.SKIPPED, NodeStatus.CANCELLED)
Move = tuple[float, int, NodeStatus]

MOVES = st.lists(st.tuples(st.floats(0, 120), st.integers(0, NODES - 1), st.sampled_from(LAST)), max_size=NODES * 2)
OUTAGES = st.lists(st.tuples(st.floats(0, 120), st.floats(1, 60)), max_size=2)
FAULTS = st.lists(st.tuples(st.sampled_from(METHODS), st.booleans(), st.booleans(), st.integers(0, 4)), max_size=6)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    scripts=st.lists(MOVES, min_size=1, max_size=3),
    outages=OUTAGES,
    faults=FAULTS,
    restarts=st.lists(st.floats(0, 150), max_size=3),
    credential=st.sampled_from(Credential),
)
def test_github_agrees_in_the_end(
    tmp_path_factory: pytest.TempPathFactory,
    scripts: list[list[Move]],
    outages: list[tuple[float, float]],
    faults: list[tuple[str, bool, bool, int]],
    restarts: list[float],
    credential: Credential,
) -> None:
    scene = Scene(folder=tmp_path_factory.mktemp("scene"), credential=credential)
    keys = [scene.add(NODES, number=scene.pull_request(), workflow=f"w{place}") for place in range(len(scripts))]
    for key, moves in zip(keys, scripts, strict=True):
        script(scene, key, moves)
    for begin, length in outages:
        scene.at(begin, setattr, scene.github, "down", True)
        scene.at(begin + length, setattr, scene.github, "down", False)
    for method, after, busy, skip in faults:
        error = Busy("wait", until=scene.clock.now()) if busy else Unavailable("lost")
        scene.github.fail(method, error, after=after and not busy, skip=skip)
    for begin in restarts:
        scene.at(begin, scene.restart)
    scene.run(200)
    scene.settle(900)
    assert scene.store.behind("here") == []
    for key in keys:
        agrees(scene, key)
    assert len(scene.github.repo.comments) == len(keys)


def script(scene: Scene, key: str, moves: Iterable[Move]) -> None:
    """Nodes run, wait, and end; none moves on after its end."""
    ended: set[int] = set()
    for at, index, status in sorted(moves, key=lambda move: move[0]):
        if index not in ended:
            scene.at(at, scene.set, key, index, NodeStatus.WAITING if index == 0 else NodeStatus.RUNNING)
            scene.at(at + 20, scene.set, key, index, status)
            ended.add(index)


def agrees(scene: Scene, key: str) -> None:
    assert scene.disagreements(key) == []
    seen = replace(view(scene.services, key), still=True)
    number = seen.execution.target.number if seen.execution.target else None
    assert number is not None
    (body,) = scene.github.comment_bodies(number)
    assert body == comment(seen)
    name = seen.execution.workflow_name
    if scene.credential is Credential.PERSONAL:
        states = {context: shown[-1][0] for context, shown in scene.statuses().items()}
        assert states[name] == _STATE.get(seen.execution.status.value, "pending")
        return
    checks = scene.checks
    for run in seen.runs:
        assert checks[f"{name} / {run.key}"].conclusion == _CONCLUSION.get(run.status.value)
    identities = [each.check.external_id for each in scene.github.repo.checks.values()]
    assert len(set(identities)) == len(identities)


_STATE = {"completed": "success", "failed": "failure", "cancelled": "error"}
_CONCLUSION = {
    "completed": "success",
    "failed": "failure",
    "cancelled": "cancelled",
    "skipped": "neutral",
    "waiting": "action_required",
}
