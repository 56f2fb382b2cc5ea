"""Executions that run in this job, watched all at once until each has ended or waits for a person."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from typing import Final

from action.commands import JobLog
from action.interruption import Interruption
from orchestrator.errors import Conflict
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.cancel import cancel
from orchestrator.lifecycle.following.follow import follow
from orchestrator.lifecycle.following.publication import until_published
from orchestrator.lifecycle.links import links
from orchestrator.lifecycle.ports import LiveEvent
from orchestrator.lifecycle.services import Services
from orchestrator.report.plain import plain_lines
from orchestrator.report.view import ExecutionView, Links

BY: Final = "the job of GitHub Actions, which was cancelled"
LOOK_SECONDS: Final = 0.2


class LogWatcher:
    """Writes a line of the job's log for each change. What nodes print stands on the page, and on GitHub."""

    def __init__(
        self,
        log: JobLog,
        name: str,
        note: Callable[[ExecutionView], object] | None = None,
        links: Callable[[Execution], Links] = lambda _: Links(),
    ) -> None:
        self._log = log
        self._name = name
        self._note = note
        self._links = links
        self._shown: ExecutionView | None = None

    def update(self, seen: ExecutionView) -> None:
        seen = replace(seen, links=self._links(seen.execution))
        for line in plain_lines(self._shown, seen):
            self._log.line(line.replace("[mycelium]", self._name, 1) if self._name else line)
        self._shown = seen
        if self._note:
            self._note(seen)

    def hear(self, event: LiveEvent) -> None:
        """What is told is the state."""


def watch(
    services: Services,
    ids: Sequence[str],
    log: JobLog,
    interruption: Interruption,
    note: Callable[[ExecutionView], object],
) -> list[ExecutionView]:
    """The last views, in the order of `ids`; `note` hears of each. Once the job is cancelled, so are they, and are
    watched to their end."""
    pool = ThreadPoolExecutor(max(1, len(ids)), thread_name_prefix="watching")
    try:
        names = _names(services, ids)
        watched = [
            pool.submit(_watched, services, each, LogWatcher(log, names[each], note, partial(links, services)))
            for each in ids
        ]
        _until(watched, services, ids, interruption)
        return [each.result() for each in watched]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _watched(services: Services, execution_id: str, watcher: LogWatcher) -> ExecutionView:
    return until_published(services, follow(services, execution_id, watcher))


def _names(services: Services, ids: Sequence[str]) -> dict[str, str]:
    """What lines of each begin with: of several, each says whose it is."""
    return {each: f"[{services.store.execution(each).workflow_id}]" if len(ids) > 1 else "" for each in ids}


def _until(
    watched: Iterable[Future[ExecutionView]], services: Services, ids: Iterable[str], interruption: Interruption
) -> None:
    cancelled = False
    while wait(watched, timeout=LOOK_SECONDS).not_done:
        if interruption.asked.is_set() and not cancelled:
            cancelled = True
            cancel_all(services, ids, BY)


def cancel_all(services: Services, ids: Iterable[str], by: str) -> None:
    """Cancel those that have not ended just now."""
    for each in ids:
        with contextlib.suppress(Conflict):
            cancel(services, each, by)
