"""The process of the control loop: one pass after another, woken early when there is something to do."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from typing import Protocol

from orchestrator.errors import MyceliumError, SetupError
from orchestrator.lifecycle.services import Services
from orchestrator.queue import mortal
from orchestrator.queue.connection import connect
from orchestrator.queue.link import Link, resolve
from orchestrator.queue.names import Names
from orchestrator.queue.tokens import Nudges

LONGEST_SECONDS = 2.0
AFTER_ERROR_SECONDS = 1.0

log = logging.getLogger(__name__)


class Nudge(Protocol):
    """What the loop waits on; `Nudges` in earnest."""

    def wait(self, seconds: float) -> bool: ...


class Passes(Protocol):
    """What the loop does; `lifecycle.control.ControlLoop` in earnest."""

    def step(self) -> float:
        """One pass; seconds until the next one at the latest."""
        ...

    def close(self) -> None: ...


class _Stopped(Exception):
    """SIGTERM arrived while the loop was waiting."""


class Loop:
    """Calls `step` again and again until `stop`.

    What a pass raises is logged, once for as long as it stays the same, and the next pass follows. Only a `SetupError`
    passes on: nothing changes until somebody acts.
    """

    def __init__(self, step: Callable[[], float], nudges: Nudge, pause: Callable[[float], object]) -> None:
        self._step = step
        self._nudges = nudges
        self._pause = pause
        self._stopping = False
        self._waiting = False
        self._trouble = ""

    def run(self) -> None:
        try:
            while not self._stopping:
                self._wait(self._pass())
        except _Stopped:
            return

    def stop(self, *_signal: object) -> None:
        """For a signal handler: a pass under way is finished, a wait ends at once."""
        self._stopping = True
        if self._waiting:
            self._waiting = False
            raise _Stopped

    def _pass(self) -> float:
        try:
            seconds = self._step()
        except SetupError:
            raise
        except MyceliumError as error:
            self._log(error, "control loop: %s", error)
        except Exception as error:
            self._log(error, "a pass of the control loop failed; the next one follows", exc_info=True)
        else:
            self._trouble = ""
            return seconds
        return AFTER_ERROR_SECONDS

    def _log(self, error: Exception, message: str, *values: object, exc_info: bool = False) -> None:
        if self._trouble != repr(error):
            self._trouble = repr(error)
            log.warning(message, *values, exc_info=exc_info)

    def _wait(self, seconds: float) -> None:
        self._waiting = True
        try:
            if not self._stopping:
                self._nudges.wait(min(seconds, LONGEST_SECONDS))
        except MyceliumError as error:
            # Without Redis the loop still works through SQL, and the sweep with it.
            log.debug("%s", error)
            self._pause(min(seconds, AFTER_ERROR_SECONDS))
        finally:
            self._waiting = False


def run(link: Link, seat: str) -> None:
    """What the control loop's process does after the fork, until SIGTERM. A seat has one process at a time."""
    mortal.close_to_others()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    make: Callable[[Services, str], Passes] = resolve(link.control)
    passes = make(link.build(), seat)
    nudges = Nudges(connect(link.redis_url, block_seconds=Nudges.BLOCK_SECONDS), Names(instance=link.instance))
    loop = Loop(passes.step, nudges, time.sleep)
    for number in (signal.SIGTERM, mortal.HURRY):
        signal.signal(number, loop.stop)
    loop.run()
    passes.close()
