"""What may be done twice is done again while a service is away."""

from __future__ import annotations

import pytest

from orchestrator.errors import SetupError, Unavailable
from orchestrator.lifecycle import outage
from orchestrator.lifecycle.outage import through_outage


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
