"""The control loop when something stands in its way, and the workers it wakes."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from orchestrator.definition.model import Approval
from orchestrator.errors import Conflict, SetupError, Unavailable
from orchestrator.execution.state import NodeRun, NodeStatus
from orchestrator.lifecycle import decide
from orchestrator.lifecycle.control import STEP_SECONDS
from tests.fakes.world import World, node, workflow

GATED = workflow(node("gate", action=Approval(timeout_minutes=5)))


def warnings(caplog: pytest.LogCaptureFixture) -> int:
    return sum("the control loop will try again" in message for message in caplog.messages)


def test_what_is_out_of_reach_is_told_once_and_keeps_nothing_else_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(instance: str, now: object) -> list[NodeRun]:
        raise Unavailable("the database does not answer")

    execution = world.start(workflow(node("a")))
    world.wake.tokens.clear()
    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING):
        patched.setattr(world.store, "overdue", away)
        world.control.step()
        world.control.step()
    assert world.wake.tokens["default"]
    assert warnings(caplog) == 1
    assert world.control.step() == STEP_SECONDS
    assert world.statuses(execution) == {"a": "queued"}


def test_a_loop_ends_where_somebody_must_act(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def old(instance: str, now: object) -> list[NodeRun]:
        raise SetupError("the database is of an older version")

    monkeypatch.setattr(world.store, "overdue", old)
    with pytest.raises(SetupError, match="older version"):
        world.control.step()


def test_an_approval_decided_in_time_is_not_ended_by_a_loop_that_looked_before(world: World) -> None:
    execution = world.start(GATED)
    world.clock.advance(301)
    (overdue,) = world.store.overdue("here", world.clock.now())
    decide.approve(world.services, execution.id, "gate", "alice")
    decide.time_out(world.services, overdue)
    assert world.node_run(execution, "gate").decided_by == "alice"


def test_only_an_approval_has_a_deadline(world: World) -> None:
    execution = world.start(workflow(node("a")))
    with world.store.begin() as tx:
        tx.lock(execution.id)
        waiting = replace(tx.run(execution.id, 0), status=NodeStatus.WAITING, deadline=world.clock.now())
        tx.save_runs([waiting])
    with pytest.raises(Conflict, match="`a` is no approval"):
        decide.time_out(world.services, waiting)
