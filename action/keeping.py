"""Keeping executions while they run, so that a job that is killed has lost little of them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from action.history import History
from orchestrator.errors import Unavailable
from orchestrator.execution.state import NodeStatus
from orchestrator.lifecycle.following.follow import AFTER_ERROR_SECONDS, OUTAGE_SECONDS
from orchestrator.report.view import ExecutionView

_LOG = logging.getLogger(__name__)

LEAST_PAUSE_SECONDS: Final = 1.0
PAUSE_FACTOR: Final = 4
"""So many times as long as keeping took it rests, so that it takes a fifth of the time at most."""

AGE_SHARE: Final = 10
"""And a tenth of its time: of what took long, little is lost, and a day of work makes a hundred commits or so."""

LAST_SECONDS: Final = 60.0
"""How long the last time is waited for."""


def pause(took: float, age: float) -> float:
    """Seconds to rest after keeping took so long, in executions of that age."""
    return max(LEAST_PAUSE_SECONDS, PAUSE_FACTOR * took, age / AGE_SHARE)


class Keeping:
    """Of some executions, in a thread of its own: at once, and then whenever a node of theirs has come to its end.

    After the first time `kept` is called with each execution, whether that worked or not. `rest` is `pause`.
    """

    def __init__(
        self,
        history: History,
        ids: Sequence[str],
        kept: Callable[[str], object],
        rest: Callable[[float, float], float] = pause,
    ) -> None:
        self._history = history
        self._kept = kept
        self._rest = rest
        self._began = time.monotonic()
        self._due: dict[str, None] = dict.fromkeys(ids)
        self._settled: dict[str, int] = {}
        self._changed, self._ended = threading.Condition(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeping", daemon=True)

    def note(self, seen: ExecutionView) -> None:
        """Somebody has seen an execution like this. What has ended is kept by whoever waits for its end."""
        settled = sum(run.status.settled or run.status is NodeStatus.WAITING for run in seen.runs)
        before, self._settled[seen.execution.id] = self._settled.get(seen.execution.id, 0), settled
        if settled > before and not seen.execution.status.ended:
            with self._changed:
                self._due[seen.execution.id] = None
                self._changed.notify()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """For as long as the block lasts; what it is about then is kept to its end."""
        self._thread.start()
        try:
            yield
        finally:
            self._ended.set()
            with self._changed:
                self._changed.notify()

    def wait(self) -> None:
        """Until the last time is over, or takes too long."""
        self._thread.join(LAST_SECONDS)

    def _run(self) -> None:
        first = True
        while first or not self._ended.is_set():
            began = time.monotonic()
            for each in self._taken():
                self._keep(each)
                if first:
                    self._tell(each)
            first = False
            now = time.monotonic()
            self._ended.wait(self._rest(now - began, now - self._began))
            with self._changed:
                self._changed.wait_for(lambda: self._due or self._ended.is_set())

    def _keep(self, execution_id: str) -> None:
        try:
            self._history.keep([execution_id], letting_go=False)
        except Exception:  # a mistake of ours keeps no other from being kept, nor this one the next time
            _LOG.warning("execution %s cannot be kept now", execution_id, exc_info=True)

    def _tell(self, execution_id: str) -> None:
        """Call `kept`; where the database is away again, for as long as who watches the execution waits for that."""
        give_up = time.monotonic() + OUTAGE_SECONDS
        while not self._told(execution_id, last=self._ended.is_set() or time.monotonic() > give_up):
            self._ended.wait(AFTER_ERROR_SECONDS)

    def _told(self, execution_id: str, *, last: bool) -> bool:
        try:
            self._kept(execution_id)
        except Exception as error:  # as above
            if isinstance(error, Unavailable) and not last:
                return False
            _LOG.warning("execution %s is shown late", execution_id, exc_info=True)
        return True

    def _taken(self) -> list[str]:
        with self._changed:
            taken, self._due = list(self._due), {}
        return taken
