"""A thread beside the control loop, for what talks to slow services: leases and timers do not wait for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from orchestrator.errors import MyceliumError

LONGEST_SECONDS: Final = 2.0
AFTER_ERROR_SECONDS: Final = 1.0
STOP_SECONDS: Final = 5.0
"""How long a request under way is waited for; after that it is as if the process had died."""

_LOG = logging.getLogger(__name__)


class Beside:
    """Calls `step` again and again, as long as it is told to go on; `step` returns the seconds until its next call.

    What a step raises is logged, once for as long as it stays the same, and the next one follows.
    """

    def __init__(self, step: Callable[[], float]) -> None:
        self._step = step
        self._going = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble = ""

    def go_on(self, wanted: bool) -> None:
        """Begin, or pause after the step under way."""
        if not wanted:
            self._going.clear()
            return
        self._going.set()
        if self._thread is None:
            # It may hang in a request, which must not keep the process.
            self._thread = threading.Thread(target=self._run, name="beside", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """For good; a step under way is waited for, for a while."""
        self._stopped.set()
        self._going.set()
        if self._thread:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while self._going.wait() and not self._stopped.is_set():
            self._stopped.wait(min(self._stepped(), LONGEST_SECONDS))

    def _stepped(self) -> float:
        try:
            seconds = self._step()
        except MyceliumError as error:
            self._log(error, "beside the control loop: %s", error)
        except Exception as error:
            self._log(error, "a step beside the control loop failed; the next one follows", exc_info=True)
        else:
            self._trouble = ""
            return seconds
        return AFTER_ERROR_SECONDS

    def _log(self, error: Exception, message: str, *values: object, exc_info: bool = False) -> None:
        if self._trouble != repr(error):
            self._trouble = repr(error)
            _LOG.warning(message, *values, exc_info=exc_info)
