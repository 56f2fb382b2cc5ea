"""Leftover workspaces are swept up by the control loop that leads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.errors import MyceliumError, SetupError
from orchestrator.lifecycle.control import CLEAN_UP_SECONDS, ControlLoop
from tests.fakes.world import World, node, workflow


def quotas_after(world: World, control: ControlLoop, seconds: float) -> list[int]:
    """What the repository was swept with, all in all, once `seconds` more have gone by."""
    world.clock.advance(seconds)
    control.step()
    return world.git.quotas


def test_the_loop_cleans_up_when_it_begins_to_lead_and_every_ten_minutes(world: World) -> None:
    control = ControlLoop(replace(world.services, workspace_quota_bytes=7), "control")
    assert quotas_after(world, control, 0) == [7]
    assert quotas_after(world, control, CLEAN_UP_SECONDS - 1) == [7]
    assert quotas_after(world, control, 1) == [7, 7]


def test_a_loop_that_does_not_lead_leaves_workspaces_alone(world: World) -> None:
    world.control.step()
    other = ControlLoop(world.services, "other")
    assert len(quotas_after(world, other, 0)) == 1
    assert len(quotas_after(world, other, 31)) == 2


@pytest.mark.parametrize("error", [SetupError("the disk is full"), OSError("gone")])
def test_a_failed_clean_up_is_logged_and_tried_again_later(
    world: World, error: MyceliumError | OSError, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*, quota_bytes: int) -> int:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(world.git, "sweep", fail)
        execution = world.start(workflow(node("a")))
        world.control.step()
    assert str(error) in caplog.text
    world.claim()
    assert quotas_after(world, world.control, CLEAN_UP_SECONDS) == [world.services.workspace_quota_bytes]
    assert world.statuses(execution) == {"a": "running"}
