"""Whether a failed attempt is tried again, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orchestrator.definition.model import Backoff, Retry, RetryClass
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.state import NodeRun

MAX_LOST: Final = 3
"""How often a node run may lose its worker and start anew; that uses up no retry."""

MAX_DELAY_SECONDS: Final = 600.0
MAX_RETRY_AFTER_SECONDS: Final = 3_600.0
JITTER: Final = 0.1

_CLASSES: Final = {
    FailureClass.EXIT: RetryClass.EXIT,
    FailureClass.TIMEOUT: RetryClass.TIMEOUT,
    FailureClass.IDLE: RetryClass.TIMEOUT,
    FailureClass.OVERLOADED: RetryClass.OVERLOADED,
    FailureClass.LOST: RetryClass.LOST,
}
"""Failures that another attempt may cure; all others would only fail again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryDecision:
    """`counts`: whether the attempt that ended used up one of `retry.attempts`."""

    again: bool
    delay_seconds: float = 0.0
    counts: bool = True


def decide(retry: Retry, run: NodeRun, outcome: Outcome, jitter: float) -> RetryDecision:
    """What follows on `run` having ended with `outcome`; `jitter` is drawn from [0, 1)."""
    retry_class = _CLASSES.get(outcome.failure) if outcome.failure else None
    if retry_class is None or retry_class not in retry.on:
        return RetryDecision(again=False)
    if retry_class is RetryClass.LOST:
        return RetryDecision(again=run.lost < MAX_LOST, counts=False)
    if run.attempt >= retry.attempts:
        return RetryDecision(again=False)
    return RetryDecision(again=True, delay_seconds=delay(retry, run.attempt, outcome, jitter))


def delay(retry: Retry, attempt: int, outcome: Outcome, jitter: float) -> float:
    """Seconds until the attempt after number `attempt`: the backoff, or longer where the service asked for it."""
    backoff = min(retry.delay_seconds * _factor(retry.backoff, attempt), MAX_DELAY_SECONDS)
    asked = min(outcome.retry_after_seconds or 0.0, MAX_RETRY_AFTER_SECONDS)
    return max(backoff * (1 + JITTER * jitter), asked)


def _factor(backoff: Backoff, attempt: int) -> float:
    match backoff:
        case Backoff.FIXED:
            return 1.0
        case Backoff.LINEAR:
            return float(attempt)
        case Backoff.EXPONENTIAL:
            return 2.0 ** min(attempt - 1, 60)
