"""What works beside the control loop: publishing, and the picture on GitHub, whatever becomes of the other."""

from __future__ import annotations

import pytest

from orchestrator.errors import Unavailable
from orchestrator.lifecycle.conduct import both


def test_one_step_that_fails_keeps_no_other_back() -> None:
    done: list[str] = []

    def failing() -> float:
        done.append("failing")
        raise Unavailable("away")

    def fine() -> float:
        done.append("fine")
        return 2.0

    assert both(fine, lambda: 1.0) == 1.0
    with pytest.raises(Unavailable):
        both(failing, fine)
    assert done == ["fine", "failing", "fine"]
