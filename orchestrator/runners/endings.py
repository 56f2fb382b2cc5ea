"""From how a process ended to the outcome of an attempt, for what no runner needs to judge itself."""

from __future__ import annotations

import signal

from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.ports.runner import StopReason
from orchestrator.runners.supervise import Cause, Ended, Limits

_STOPPED = {
    StopReason.CANCELLED: "cancelled",
    StopReason.DRAIN: "stopped: the worker is shutting down",
    StopReason.STALE: "stopped: another worker owns this node now",
}


def cut_short(ended: Ended, limits: Limits) -> Outcome | None:
    """The outcome of a program that did not end by itself; None when it did, or had done enough."""
    match ended.cause:
        case Cause.TIMEOUT:
            return _failed(
                ended, FailureClass.TIMEOUT, f"timed out after {duration(limits.timeout_seconds)}; all of it was ended"
            )
        case Cause.IDLE:
            seconds = duration(limits.idle_seconds or 0)
            return _failed(ended, FailureClass.IDLE, f"said nothing for {seconds}; all of it was ended")
        case Cause.STOPPED:
            reason = ended.reason or StopReason.CANCELLED
            return Outcome(cancelled=True, exit_code=ended.code, message=_STOPPED[reason])
        case Cause.LOST:
            return _failed(ended, FailureClass.LOST, "the guard of its processes was killed, and they were ended")
        case Cause.NOT_STARTED:
            return _failed(ended, FailureClass.SETUP, f"could not be started: {ended.detail}")
        case Cause.EXITED | Cause.ENOUGH:
            return None


def exit_message(code: int | None, last_words: str) -> str:
    """`exit code 1: last words`, or the signal's name."""
    if code is not None and code < 0:
        text = f"ended by {_signal_name(-code)}"
        text += " (out of memory?)" if -code == signal.SIGKILL else ""
    else:
        text = f"exit code {code}"
    return f"{text}: {last_words}" if last_words else text


def duration(seconds: float) -> str:
    """`90 s`, `20 min`: a time limit in words."""
    return f"{seconds / 60:g} min" if seconds >= 120 and seconds % 60 == 0 else f"{seconds:g} s"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _failed(ended: Ended, failure: FailureClass, message: str) -> Outcome:
    return Outcome(failure=failure, exit_code=ended.code, message=message)
