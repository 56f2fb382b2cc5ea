"""Before a command ends it waits for GitHub, as long as that comes closer, and says how it went."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli.console import Console
from orchestrator.cli.flush import flush
from orchestrator.execution.showing import Proposal, Shown
from orchestrator.execution.state import NodeStatus
from orchestrator.lifecycle.following.shown import MOST_SECONDS, PATIENCE_SECONDS
from tests.fakes.projected import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(folder=tmp_path)


def flushed(scene: Scene, key: str, *, by_itself: bool = True) -> tuple[str, float]:
    """What it says, and how long it took."""
    stream = io.StringIO()
    began = scene.clock.monotonic()
    pass_time = scene.run if by_itself else scene.clock.advance
    flush(scene.services, key, Console(stream=stream, colour=False), monotonic=scene.clock.monotonic, sleep=pass_time)
    return stream.getvalue(), scene.clock.monotonic() - began


def test_it_waits_for_a_check_run_of_each_node(scene: Scene) -> None:
    key = scene.add(20, number=scene.pull_request())
    for index in range(20):
        scene.set(key, index, NodeStatus.COMPLETED)
    said, seconds = flushed(scene, key)
    assert said == "  github        https://github.example/octo/demo/pull/1\n"
    assert PATIENCE_SECONDS < seconds < 40
    assert len(scene.github.repo.checks) == 21


def test_it_waits_for_what_changes_in_workflows_unless_that_is_in_trouble(scene: Scene) -> None:
    key = scene.add(1, number=scene.pull_request())
    scene.set(key, 0, NodeStatus.COMPLETED)
    proposal = Proposal(repository="octo/demo", number=1, instance="here")
    with scene.store.begin() as tx:
        tx.propose(proposal)
    said, seconds = flushed(scene, key)
    assert "what changes in workflows is not all shown: it takes too long" in said
    assert seconds >= PATIENCE_SECONDS
    with scene.store.begin() as tx:
        tx.put_proposal(replace(proposal, trouble="No."))
    said, seconds = flushed(scene, key)
    assert "what changes in workflows is not all shown: No." in said
    assert seconds == 0.0


def test_it_does_not_wait_where_nothing_is_shown(scene: Scene) -> None:
    said, seconds = flushed(scene, "nobody")
    assert (said, seconds) == ("", 0.0)


@pytest.mark.parametrize("behind", [False, True])
def test_it_does_not_wait_where_there_is_no_token(scene: Scene, *, behind: bool) -> None:
    key = scene.add(1, number=1)
    if not behind:
        scene.pull_request()
        scene.settle()
    scene.services = replace(scene.services, github=None)
    said, seconds = flushed(scene, key)
    assert ("there is no access to octo/demo here" in said) is behind
    assert bool(said) is behind
    assert seconds == 0.0


def test_it_gives_up_on_a_github_that_is_away_and_says_how_to_go_on(scene: Scene) -> None:
    key = scene.add(2, number=scene.pull_request())
    scene.github.down = True
    said, seconds = flushed(scene, key)
    assert said == (
        "  github        not up to date: GitHub does not answer\n"
        f"                later: mycelium executions resume {key}\n"
    )
    assert PATIENCE_SECONDS <= seconds < PATIENCE_SECONDS + 2


def test_it_gives_up_on_one_that_comes_closer_for_ever(scene: Scene) -> None:
    key = scene.add(2, number=scene.pull_request())
    steps = iter(range(100_000))

    def sleep(seconds: float) -> None:
        scene.clock.advance(seconds)
        with scene.store.begin() as tx:
            tx.put_shown(key, Shown(place="execution", digest=f"{next(steps)}"))

    stream = io.StringIO()
    began = scene.clock.monotonic()
    flush(scene.services, key, Console(stream=stream, colour=False), monotonic=scene.clock.monotonic, sleep=sleep)
    assert "it takes too long" in stream.getvalue()
    assert MOST_SECONDS <= scene.clock.monotonic() - began < MOST_SECONDS + 2


@pytest.mark.parametrize(
    ("refused", "number", "where"),
    [
        ((), 1, "/pull/1"),
        ((), None, f"/commit/{'a' * 40}"),
        (("comment",), 1, f"/commit/{'a' * 40}"),
        (("comment", "check"), 1, f"/commit/{'a' * 40}"),
        (("comment", "check", "status"), 1, ""),
    ],
)
def test_it_says_where_and_what_is_missing(
    scene: Scene, refused: tuple[str, ...], number: int | None, where: str
) -> None:
    key = scene.add(1, number=number)
    (showing,) = scene.store.behind("here")
    with scene.store.begin() as tx:
        tx.tell(replace(showing, told=1, refused=refused, trouble="No.\x1b[31m" if refused else ""))
    said, _ = flushed(scene, key)
    lines = [f"  github        https://github.example/octo/demo{where}"] if where else []
    missing = ["  github        not all of it can be shown: No.\\x1b[31m"] if refused else []
    assert said.splitlines() == [*missing, *lines]
