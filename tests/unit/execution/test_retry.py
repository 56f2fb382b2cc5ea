"""Which failures are tried again, and after how long."""

from __future__ import annotations

import pytest

from orchestrator.definition.model import Backoff, Retry, RetryClass
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.retry import MAX_DELAY_SECONDS, MAX_RETRY_AFTER_SECONDS, RetryDecision, decide, delay
from orchestrator.execution.state import NodeRun

ALL = tuple(RetryClass)
NEVER = RetryDecision(again=False)


def run(attempt: int = 1, lost: int = 0) -> NodeRun:
    return NodeRun(execution_id="x", index=0, node="a", key="a", attempt=attempt, lost=lost)


def decided(failure: FailureClass | None, retry: Retry, **keys: int) -> RetryDecision:
    return decide(retry, run(**keys), Outcome(failure=failure), 0.0)


@pytest.mark.parametrize(
    "failure", [FailureClass.EXIT, FailureClass.TIMEOUT, FailureClass.IDLE, FailureClass.OVERLOADED]
)
def test_what_another_attempt_may_cure_is_tried_again(failure: FailureClass) -> None:
    assert decided(failure, Retry(attempts=2, on=ALL)).again
    assert decided(failure, Retry(attempts=2, on=ALL), attempt=2) == NEVER


@pytest.mark.parametrize(
    "failure",
    [
        None,
        *sorted(set(FailureClass) - {FailureClass[name] for name in ("EXIT", "TIMEOUT", "IDLE", "OVERLOADED", "LOST")}),
    ],
)
def test_nothing_else_ever_is(failure: FailureClass | None) -> None:
    assert decided(failure, Retry(attempts=9, on=ALL)) == NEVER


def test_a_class_that_is_not_named_is_not_tried_again() -> None:
    assert decided(FailureClass.EXIT, Retry(attempts=9)) == NEVER
    assert decided(FailureClass.LOST, Retry(attempts=9, on=(RetryClass.EXIT,))) == NEVER


def test_lost_workers_use_up_no_attempt_but_only_three_times() -> None:
    assert decided(FailureClass.LOST, Retry()) == RetryDecision(again=True, counts=False)
    assert decided(FailureClass.LOST, Retry(), lost=2).again
    assert not decided(FailureClass.LOST, Retry(), lost=3).again


@pytest.mark.parametrize(
    ("backoff", "delays"),
    [(Backoff.FIXED, [5, 5, 5]), (Backoff.LINEAR, [5, 10, 15]), (Backoff.EXPONENTIAL, [5, 10, 20])],
)
def test_delays_grow_as_asked(backoff: Backoff, delays: list[float]) -> None:
    assert [delay(Retry(backoff=backoff), attempt, Outcome(), 0.0) for attempt in (1, 2, 3)] == delays


def test_delays_have_a_cap_and_some_jitter() -> None:
    assert delay(Retry(), 5_000, Outcome(), 0.0) == MAX_DELAY_SECONDS
    assert delay(Retry(), 1, Outcome(), 0.5) == pytest.approx(5.25)


def test_a_service_that_asks_for_more_time_gets_it() -> None:
    assert delay(Retry(), 1, Outcome(retry_after_seconds=60), 0.0) == 60
    assert delay(Retry(), 1, Outcome(retry_after_seconds=1), 0.0) == 5
    assert delay(Retry(), 1, Outcome(retry_after_seconds=1e9), 0.0) == MAX_RETRY_AFTER_SECONDS
