"""Comments that come while a job is at work: approvals and cancellations of what it runs.

A comment starts a job of its own, which finds that this one holds the execution. So whoever runs it reads the comments
below it, and does what they say at once.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from action.asked import DECIDING
from action.commands import JobLog
from orchestrator.definition.commands import Command, parse_command
from orchestrator.definition.event import read_event
from orchestrator.errors import MyceliumError
from orchestrator.execution.state import ExecutionStatus

if TYPE_CHECKING:
    from orchestrator.execution.state import Execution
    from orchestrator.lifecycle.intake.occasion import Delivery, Desk
    from orchestrator.lifecycle.ports.github import Comment

LISTEN_SECONDS: Final = 15.0
"""How often comments are asked for; GitHub counts no request where nothing is new."""

MOST_SECONDS: Final = 2.0
"""How long the end of a job waits for an answer of GitHub that nobody needs any more."""

LOOK_BACK: Final = timedelta(minutes=10)
"""So long before this job began, somebody may have said something whose own job found that this one has it."""

_OPEN: Final = (ExecutionStatus.PENDING, ExecutionStatus.RUNNING, ExecutionStatus.WAITING)
_MOST: Final = 100
"""Executions of one job."""


class Hearing:
    """Of one job, which `began` then; `own` are the comments that its events are about."""

    def __init__(self, desk: Desk, log: JobLog, began: datetime, own: Collection[int]) -> None:
        self._desk = desk
        self._log = log
        self._began = began
        self._heard = set(own)
        self._lock = threading.Lock()

    @contextmanager
    def listening(self) -> Generator[None]:
        """Hear for as long as the block lasts."""
        stop = threading.Event()
        thread = threading.Thread(target=self._listen, args=(stop,), name="hearing", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(MOST_SECONDS)

    def hear(self) -> bool:
        """Do what new comments say about what runs or waits here; GitHub's errors are told, and it is asked again.

        Whether there was a command that could be looked at to its end.
        """
        heard = False
        with self._lock:
            try:
                for number, executions in self._threads().items():
                    for comment in self._new(number, executions):
                        heard |= self._hear(comment, number, executions)
            except MyceliumError as error:
                self._log.line(f"Comments cannot be read now: {error}")
        return heard

    def called(self) -> list[str]:
        """What runs or waits here and somebody has said something about that is not done yet, and that decides."""
        with self._lock:
            try:
                return [
                    each.id
                    for number, executions in self._threads().items()
                    if any(map(_decides, self._new(number, executions)))
                    for each in executions
                ]
            except MyceliumError as error:
                self._log.line(f"Comments cannot be read now: {error}")
                return []

    def _listen(self, stop: threading.Event) -> None:
        while not stop.wait(LISTEN_SECONDS):
            self.hear()

    def _threads(self) -> dict[int, list[Execution]]:
        """What runs or waits here, by the issue or pull request that shows it."""
        services = self._desk.services
        found: dict[int, list[Execution]] = {}
        for each in services.store.executions(statuses=_OPEN, limit=_MOST):
            if each.instance == services.instance and each.target and each.target.number is not None:
                found.setdefault(each.target.number, []).append(each)
        return found

    def _hear(self, comment: Comment, number: int, executions: Sequence[Execution]) -> bool:
        commands = _decides(comment)
        if commands:
            self._obey(_delivery(comment, number, executions[0]), comment)
        self._heard.add(comment.id)
        return commands

    def _new(self, number: int, executions: Sequence[Execution]) -> Iterator[Comment]:
        """The comments since the executions are there, and those that other jobs have been too late for."""
        since = max(self._began - LOOK_BACK, min(each.created_at for each in executions)).replace(microsecond=0)
        with self._desk.services.store.begin() as tx:
            answered = {each.comment_id for each in tx.intake.of_thread(number, limit=_MOST)}
        for comment in list(self._desk.github.comments(number)):
            early = comment.created_at is None or comment.created_at < since
            if not (early or comment.id in self._heard or comment.id in answered):
                yield comment

    def _obey(self, delivery: Delivery, comment: Comment) -> None:
        from orchestrator.lifecycle.intake.receive import receive

        for each in receive(self._desk, delivery):
            self._log.line(f"{comment.author.login} said {each.subject}: {each.reason}")


def own_comments(deliveries: Sequence[Delivery]) -> set[int]:
    """The comments that events are about."""
    found = (read_event(each.event, each.payload).comment for each in deliveries)
    return {said.id for said in found if said}


def _decides(comment: Comment) -> bool:
    from orchestrator.lifecycle.intake.waiting_anew import as_written

    said = parse_command(comment.body, (), ())
    return isinstance(said, Command) and said.verb in DECIDING and as_written(comment)


def _delivery(comment: Comment, number: int, of: Execution) -> Delivery:
    """As the webhook would have told it."""
    from orchestrator.lifecycle.intake.waiting_anew import as_commented

    return as_commented(comment, number, on_pull_request=read_event(of.event_name, of.event).on_pull_request)
