"""Watching an execution while what tells about it is out of reach for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import Unavailable
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.following import follow
from orchestrator.lifecycle.ports import LiveEvent
from orchestrator.report.view import ExecutionView
from tests.fakes.world import World, node, workflow


class Blank:
    """A watcher that looks away."""

    def update(self, seen: ExecutionView) -> None: ...

    def hear(self, event: LiveEvent) -> None: ...

    def __enter__(self) -> Blank:
        return self

    def __exit__(self, *_error: object) -> None: ...


class Deaf:
    """Events that can be subscribed to after so many tries."""

    def __init__(self, tries: int) -> None:
        self.left = tries

    def publish(self, event: LiveEvent) -> None: ...

    @contextmanager
    def subscribe(self, execution_id: str) -> Iterator[Iterator[LiveEvent | None]]:
        self.left -= 1
        if self.left >= 0:
            raise Unavailable(f"nothing is heard of {execution_id}")
        yield iter(())


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "AFTER_ERROR_SECONDS", 0.0)


def test_a_server_out_of_reach_is_waited_for(tmp_path: Path) -> None:
    world = World(tmp_path)
    execution = world.run(workflow(node("a")))
    seen = follow.follow(replace(world.services, events=Deaf(3)), execution.id, Blank())
    assert seen.execution.status is ExecutionStatus.COMPLETED


def test_it_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "OUTAGE_SECONDS", -1.0)
    world = World(tmp_path)
    execution = world.run(workflow(node("a")))
    with pytest.raises(Unavailable):
        follow.follow(replace(world.services, events=Deaf(1)), execution.id, Blank())
