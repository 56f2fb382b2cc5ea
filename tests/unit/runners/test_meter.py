"""What the calls of an attempt may use, together and each."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.execution.budget import Allowance
from orchestrator.execution.outcome import FailureClass, Usage
from orchestrator.lifecycle.ports.runner import AgentTask
from orchestrator.runners.meter import Meter
from tests.fakes.running import REVIEWER


def meter(max_turns: int | None = None, **allowance: Any) -> Meter:
    allowed = Allowance(**allowance) if allowance else None
    action = AgentTask(definition=REVIEWER, engine="claude", prompt="", max_turns=max_turns, allowance=allowed)
    return Meter.of(action)


def test_without_limits_nothing_is_ever_used_up() -> None:
    free = meter()
    free.now = Usage(turns=1_000, input_tokens=10**9, cost_usd=1e6)
    assert (free.turns_left, free.usd_left, free.used_up, free.exceeded()) == (None, None, False, None)


def test_calls_share_the_budget_and_each_has_its_turns() -> None:
    both = meter(max_turns=10, turns=12, usd=1.0)
    assert both.turns_left == 10
    both.now = Usage(turns=10, cost_usd=0.4)
    both.begin(4)
    assert (both.turns_left, both.usd_left) == (2, pytest.approx(0.6))
    both.now = Usage(turns=2, cost_usd=0.1)
    assert both.used_up
    assert both.exceeded() is None


@pytest.mark.parametrize(
    ("limits", "used", "failure"),
    [
        ({"tokens": 100}, Usage(input_tokens=60, output_tokens=41), FailureClass.BUDGET),
        ({"usd": 0.5}, Usage(cost_usd=0.51), FailureClass.BUDGET),
        ({"turns": 3}, Usage(turns=4), FailureClass.BUDGET),
        ({"max_turns": 3}, Usage(turns=4), FailureClass.MAX_TURNS),
    ],
)
def test_what_is_passed_is_told(limits: dict[str, Any], used: Usage, failure: FailureClass) -> None:
    counted = meter(**limits)
    counted.now = used
    passed = counted.exceeded()
    assert passed is not None
    assert passed[0] is failure


def test_a_cost_that_nobody_knows_is_noticed() -> None:
    counted = meter(usd=1.0)
    assert not counted.cost_unknown
    counted.now = Usage(model="new", input_tokens=5)
    assert counted.cost_unknown
    assert counted.exceeded() is None


@pytest.mark.parametrize(
    ("turns", "all_turns", "is_budget"), [(None, 3, True), (5, 3, True), (3, 3, False), (2, 3, False), (2, None, False)]
)
def test_whose_turns_a_call_has(turns: int | None, all_turns: int | None, is_budget: bool) -> None:
    assert Meter(turns=turns, all_turns=all_turns).turns_of_budget is is_budget
