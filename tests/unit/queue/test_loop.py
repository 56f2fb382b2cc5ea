"""The control loop's patience, without a server."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from orchestrator.errors import SetupError, Unavailable
from orchestrator.queue.loop import AFTER_ERROR_SECONDS, LONGEST_SECONDS, Loop


class Waits:
    """Records how long the loop would have waited; `then` is what happens during each wait."""

    def __init__(self, *then: Callable[[], bool]) -> None:
        self.seconds: list[float] = []
        self._then = list(then)

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return self._then.pop(0)()


def failing(error: Exception) -> Callable[[], float]:
    def step() -> float:
        raise error

    return step


def test_it_waits_as_long_as_the_pass_said_and_no_longer_than_a_sweep() -> None:
    answers = iter([0.5, 60.0])
    waits = Waits(lambda: True, lambda: loop.stop() or False)
    loop = Loop(lambda: next(answers), waits, pytest.fail)
    loop.run()
    assert waits.seconds == [0.5, LONGEST_SECONDS]


@pytest.mark.parametrize("error", [Unavailable("no database"), RuntimeError("a bug")])
def test_a_failing_pass_is_logged_once_and_the_next_one_follows(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    waits = Waits(lambda: False, lambda: loop.stop() or False)
    loop = Loop(failing(error), waits, pytest.fail)
    with caplog.at_level(logging.WARNING):
        loop.run()
    assert waits.seconds == [AFTER_ERROR_SECONDS] * 2
    assert len(caplog.records) == 1
    assert str(error) in caplog.text


def test_trouble_that_comes_back_is_logged_again(caplog: pytest.LogCaptureFixture) -> None:
    passes = iter([Unavailable("no database"), None, Unavailable("no database")])

    def step() -> float:
        if error := next(passes):
            raise error
        return 1.0

    loop = Loop(step, Waits(lambda: False, lambda: False, lambda: loop.stop() or False), pytest.fail)
    with caplog.at_level(logging.WARNING):
        loop.run()
    assert len(caplog.records) == 2


def test_what_somebody_must_act_on_ends_it() -> None:
    with pytest.raises(SetupError, match="the disk is full"):
        Loop(failing(SetupError("the disk is full")), Waits(), pytest.fail).run()


def test_without_redis_it_goes_on_by_itself() -> None:
    pauses: list[float] = []
    waits = Waits(failing(Unavailable("no Redis")), lambda: loop.stop() or False)  # type: ignore[arg-type]
    loop = Loop(lambda: 60.0, waits, pauses.append)
    loop.run()
    assert pauses == [AFTER_ERROR_SECONDS]


def test_a_stop_during_a_pass_lets_the_pass_end() -> None:
    done: list[str] = []

    def step() -> float:
        loop.stop()
        done.append("all of it")
        return 60.0

    waits = Waits()
    loop = Loop(step, waits, pytest.fail)
    loop.run()
    assert done == ["all of it"]
    assert waits.seconds == []
