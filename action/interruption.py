"""The job is cancelled: the runner sends SIGINT, after 7.5 seconds SIGTERM, and 2.5 seconds later it kills.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation
"""

from __future__ import annotations

import signal
import threading
from types import FrameType


class Interruption:
    """Set up at the very beginning: `asked` tells whoever waits that the job ends, and the second signal ends it."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._heard)

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked.is_set():
            # There is no time left to wait for anybody. What is missing on GitHub is left to the step that follows.
            raise KeyboardInterrupt
        self.asked.set()
