"""The thread beside the control loop goes on while it is told to, whatever a step raises, and ends when told to."""

from __future__ import annotations

import queue
from collections.abc import Callable

import pytest

from orchestrator.errors import Unavailable
from orchestrator.lifecycle.beside import Beside
from orchestrator.lifecycle.conduct import control_loop
from tests.fakes.world import World

PATIENCE_SECONDS = 30.0


class Steps:
    """Each step takes what is handed to it, and tells that it did."""

    def __init__(self) -> None:
        self.orders: queue.Queue[float | Exception] = queue.Queue()
        self.done: queue.Queue[float | Exception] = queue.Queue()

    def __call__(self) -> float:
        order = self.orders.get(timeout=PATIENCE_SECONDS)
        self.done.put(order)
        if isinstance(order, Exception):
            raise order
        return order

    def take(self, order: float | Exception) -> None:
        self.orders.put(order)
        assert self.done.get(timeout=PATIENCE_SECONDS) is order


def test_nothing_happens_before_it_leads() -> None:
    beside = Beside(lambda: pytest.fail("called"))
    beside.go_on(False)
    beside.stop()


@pytest.mark.parametrize("error", [Unavailable("away"), ZeroDivisionError("a bug")])
def test_a_step_that_raises_is_followed_by_the_next(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    monkeypatch.setattr("orchestrator.lifecycle.beside.AFTER_ERROR_SECONDS", 0.0)
    steps = Steps()
    beside = Beside(steps)
    beside.go_on(True)
    for order in (0.0, error, error, 0.0):
        steps.take(order)
    steps.orders.put(0.0)
    beside.stop()
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


def test_a_long_pause_ends_when_it_is_stopped() -> None:
    steps = Steps()
    beside = Beside(steps)
    beside.go_on(True)
    steps.take(1e9)
    beside.stop()
    assert steps.done.empty()


def test_a_loop_without_github_has_nothing_beside_it(world_with: Callable[..., World]) -> None:
    world = world_with()
    loop = control_loop(world.services, "seat")
    loop.step()
    loop.close()
