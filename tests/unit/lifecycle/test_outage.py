"""What may be done twice is done again while a service is away, and the log of an attempt is stored before it ends."""

from __future__ import annotations

import pytest

from orchestrator.errors import SetupError, Unavailable
from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle import outage
from orchestrator.lifecycle.attempts.logbook import Logbook
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.outage import through_outage
from tests.fakes.world import World

RUN = NodeRun(execution_id="x", index=3, node="a", key="a (1)", attempt=2)


class Deed:
    """Fails so many times, and then answers."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.calls = 0
        self._failures = failures
        self._error = error

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self._failures:
            raise self._error
        return "done"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "PAUSES", (0.0, 0.0, 0.0))


@pytest.mark.parametrize("failures", [0, 1, 3])
def test_a_deed_is_done_once_the_service_is_back(failures: int) -> None:
    deed = Deed(failures, Unavailable("away"))
    assert through_outage(deed) == "done"
    assert deed.calls == failures + 1


def test_a_service_that_stays_away_is_given_up() -> None:
    deed = Deed(99, Unavailable("away"))
    with pytest.raises(Unavailable, match="away"):
        through_outage(deed)
    assert deed.calls == 4


def test_what_somebody_must_mend_is_not_waited_for() -> None:
    deed = Deed(1, SetupError("full"))
    with pytest.raises(SetupError):
        through_outage(deed)
    assert deed.calls == 1


@pytest.mark.parametrize("failures", [0, 3])
def test_an_attempt_ends_when_its_log_is_stored(
    failures: int, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settled = Deed(failures, Unavailable("gone"))
    monkeypatch.setattr(world.logs, "settle", lambda _execution_id: settled())
    with Logbook(world.services, RUN, Mask()) as log:
        log.line("last")
    assert settled.calls == failures + 1
    assert not [record for record in caplog.records if "the last lines" in record.message]


def test_a_log_that_cannot_be_stored_does_not_fail_the_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(world.logs, "settle", lambda _execution_id: Deed(1, SetupError("full"))())
    with Logbook(world.services, RUN, Mask()):
        pass
    assert "the last lines of a (1) of execution x: full" in caplog.text


def test_a_process_that_dies_waits_for_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    settled = Deed(0, Unavailable("gone"))
    monkeypatch.setattr(world.logs, "settle", lambda _execution_id: settled())
    with pytest.raises(KeyboardInterrupt), Logbook(world.services, RUN, Mask()):
        raise KeyboardInterrupt
    assert settled.calls == 0
