"""Executions that outlive their job, in a branch of the repository: brought back, gone on with, and kept."""

from __future__ import annotations

import threading
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from action.commands import JobLog
from action.inputs import Inputs
from action.job import Job
from orchestrator.definition.commands import Command, Verb, parse_command
from orchestrator.definition.event import read_event
from orchestrator.errors import Conflict, MyceliumError
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from orchestrator.lifecycle.archive.keeper import Keeper
    from orchestrator.lifecycle.intake.occasion import Delivery, Desk
    from orchestrator.lifecycle.services import Services

_DECIDING: Final = frozenset({Verb.APPROVE, Verb.REJECT, Verb.CANCEL})
"""Commands about executions that have not ended."""


class History(Protocol):
    """Of one repository, as one job sees it. What it cannot do it tells, and never keeps an execution from running."""

    keeps: bool
    """Whether it keeps anything."""

    def bring(self, desk: Desk, deliveries: Sequence[Delivery], workflows: Collection[str]) -> list[str]:
        """Bring back the executions that the events may be about, and of these workflows those of jobs that were
        killed; the ones with which this job goes on."""
        ...

    def bring_all(self) -> None:
        """Bring back every execution, for their pages."""
        ...

    def keep(self, ids: Sequence[str]) -> None:
        """Keep these executions as they are now."""
        ...


class NoHistory:
    """Where a job's executions end with it."""

    keeps = False

    def bring(
        self,
        desk: Desk,  # noqa: ARG002 - there is nothing
        deliveries: Sequence[Delivery],  # noqa: ARG002
        workflows: Collection[str],  # noqa: ARG002
    ) -> list[str]:
        return []

    def bring_all(self) -> None:
        """There is nothing."""

    def keep(self, ids: Sequence[str]) -> None:
        """They are forgotten."""


class KeptHistory:
    """In the branch of the settings. `keep` may be called beside anything else."""

    keeps = True

    def __init__(self, keeper: Keeper, settings: Settings, log: JobLog) -> None:
        self._keeper = keeper
        self._settings = settings
        self._log = log
        self._lock = threading.Lock()
        self._told: set[str] = set()

    def bring(self, desk: Desk, deliveries: Sequence[Delivery], workflows: Collection[str]) -> list[str]:
        verb, thread = _asked(deliveries)
        went_on: list[str] = []
        try:
            if verb is not None:
                # What has ended may be run again, once it is known here.
                self._keeper.pull(thread=thread, desk=desk)
            concerned = self._keeper.concerned(
                thread if verb in _DECIDING else None, workflows=workflows, gone=self._is_gone
            )
            for entry in concerned:
                went_on += [entry.id] if self._went_on(entry.id, desk) else []
            if went_on:
                self._keeper.pull_earlier(desk)
        except MyceliumError as error:
            self._log.line(f"History: executions of earlier jobs are not brought back: {error}")
        return went_on

    def bring_all(self) -> None:
        self._keeper.pull()

    def keep(self, ids: Sequence[str]) -> None:
        for each in ids:
            try:
                with self._lock:
                    left_out = self._keeper.save(each).left_out
            except MyceliumError as error:
                self._tell(f"History: execution {each} is not kept: {error}")
                continue
            for line in left_out:
                self._tell(f"History: not all of execution {each} is kept: {line}")

    def _tell(self, line: str) -> None:
        """Once: it is kept again and again."""
        if line not in self._told:
            self._told.add(line)
            self._log.line(line)

    def _went_on(self, execution_id: str, desk: Desk) -> bool:
        try:
            self._keeper.take_up(execution_id, desk=desk, gone=self._is_gone)
        except Conflict as error:
            self._log.line(f"Execution {execution_id} does not go on here: {error}")
            return False
        return True

    def _is_gone(self, holder: str) -> bool:
        """Whether the job that held an execution has ended, without having been able to say so."""
        from orchestrator import app

        github = app.github(self._settings, None)
        run, _, rest = holder.partition("/")
        return github is not None and github.job_is_over(run, rest.partition("/")[0])


@contextmanager
def history(inputs: Inputs, job: Job, settings: Settings, services: Services, log: JobLog) -> Generator[History]:
    """That of the repository. None where the job may write nothing, or keeps nothing; `site` only reads."""
    from orchestrator import app

    if not inputs.history_branch or job.reads_only:
        yield NoHistory()
        return
    with app.keeping(settings, services) as keeper:
        yield KeptHistory(keeper, settings, log)


def of_earlier_attempt(desk: Desk, job: Job, delivery: Delivery) -> Delivery:
    """The delivery as the last attempt of this run of Actions had it that decided something on it which was brought
    back; else as it is. Then only what is not decided yet is decided."""
    from dataclasses import replace

    from orchestrator.lifecycle.intake.receive import decided

    for earlier in job.earlier:
        same = replace(delivery, id=delivery.id.replace(job.delivery, earlier, 1))
        if decided(desk, same):
            return same
    return delivery


def _asked(deliveries: Sequence[Delivery]) -> tuple[Verb | None, int | None]:
    """The command of a comment, and the number of what it stands below."""
    for each in deliveries:
        event = read_event(each.event, each.payload)
        if each.event == "issue_comment" and event.comment:
            found = parse_command(event.comment.body, (), ())
            return (found.verb if isinstance(found, Command) else Verb.START), event.number
    return None, None
