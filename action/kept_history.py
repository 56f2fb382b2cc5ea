"""Executions that outlive their job, in a branch of the repository."""

from __future__ import annotations

import threading
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final

from action.asked import asked
from action.bringing import Bringing
from action.commands import JobLog
from action.history import Brought, History, NoHistory
from action.inputs import Inputs
from action.late import late_ones
from action.tidying import Tidying
from action.unkept import Unkept, of_error, of_rest
from orchestrator.errors import Conflict, MyceliumError
from orchestrator.lifecycle.ports.github import Forbidden
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from orchestrator.lifecycle.archive.entry import Entry
    from orchestrator.lifecycle.archive.keeper import Keeper
    from orchestrator.lifecycle.intake.occasion import Delivery, Desk
    from orchestrator.lifecycle.services import Services

NOBODY_IN_TIME: Final = "nobody decided in time"


class KeptHistory:
    """In the branch of the settings. `keep` may be called beside anything else."""

    keeps = True

    def __init__(
        self, keeper: Keeper, services: Services, settings: Settings, log: JobLog, *, days: int | None = None
    ) -> None:
        self._keeper = keeper
        self._services = services
        self._settings = settings
        self._log = log
        self._lock = threading.Lock()
        self._told: set[str] = set()
        self._known: set[str] = set()
        self._tidying = Tidying(keeper, log, days)

    def late(self) -> list[Entry]:
        try:
            return late_ones(self._keeper.entries(), self._services.clock.now())
        except MyceliumError as error:
            self._log.line(f"History: what nobody decided in time stays as it is: {error}")
            return []

    def bring_late(self, desk: Desk, late: Sequence[Entry]) -> list[Entry]:
        bringing = Bringing(self, desk)
        for entry in late:
            try:
                bringing.hold([entry])
            except MyceliumError as error:
                self._log.line(f"History: {NOBODY_IN_TIME} on execution {entry.id}, and it stays as it is: {error}")
                if isinstance(error, Forbidden):
                    break  # a job that may write nothing settles nothing
        return [entry for entry in late if entry.id in bringing.held]

    def bring(
        self, desk: Desk, deliveries: Sequence[Delivery], workflows: Collection[str], late: Sequence[Entry]
    ) -> Brought:
        said = asked(deliveries)
        bringing = Bringing(self, desk, held=[entry.id for entry in late])
        self._known.update(bringing.held)
        about, known, earlier = set[str](), set[str](), tuple[str, ...]()
        try:
            if said.looks_back:
                self._keeper.pull(thread=said.thread, desk=desk, passed_over=bringing.pass_over)
            thread = said.thread if said.decides else None
            concerned = self._keeper.concerned(thread, workflows=workflows, gone=self._is_gone)
            known = {entry.id for entry in concerned}
            about = {entry.id for entry in concerned if thread is not None and entry.thread == thread}
            bringing.hold([entry for entry in concerned if entry.id not in bringing.held], told=about)
            if bringing.held:
                earlier = self._keeper.pull_earlier(desk)
        except MyceliumError as error:
            self._log.line(f"History: executions of earlier jobs are not brought back: {error}")
        for each in bringing.held:
            self._time_out(each, said.at if each in about else None)
        # What was held before an error is held all the same, and of the same kind.
        return Brought(
            held=tuple(bringing.held),
            late=tuple(entry.id for entry in late if entry.id not in known),
            earlier=earlier,
            elsewhere=tuple(bringing.elsewhere.values()),
        )

    def go_on(self, ids: Sequence[str]) -> list[str]:
        went_on: list[str] = []
        for each in ids:
            try:
                self._keeper.go_on(each)
            except MyceliumError as error:
                self._log.line(f"Execution {each} does not go on here: {error}")
            else:
                went_on.append(each)
        return went_on

    def bring_all(self) -> None:
        self._keeper.pull()

    def keep(self, ids: Sequence[str], *, letting_go: bool = True) -> list[Unkept]:
        unkept: list[Unkept] = []
        for each in ids:
            try:
                with self._lock:
                    saved = self._keeper.save(each, letting_go=letting_go)
            except MyceliumError as error:
                self._tell(f"History: execution {each} is not kept: {error}")
                earlier = each in self._known or isinstance(error, Conflict)
                unkept.append(of_error(each, error, earlier=earlier))
                continue
            self._known.add(each)
            self._tidying.note(saved)
            for line in saved.left_out:
                self._tell(f"History: not all of execution {each} is kept: {line}")
            unkept += [of_rest(each, saved.stays)] if saved.stays else []
        return unkept

    def take_back(self, execution_id: str, desk: Desk) -> bool:
        try:
            with self._lock:
                self.hold(execution_id, desk)
        except MyceliumError as error:
            self._log.line(f"Execution {execution_id} is left to others: {error}")
            return False
        # It is this job's still, unless another has gone on with it in between, and it was brought here anew.
        with suppress(Conflict):
            self._keeper.go_on(execution_id)
        return True

    def tidy(self) -> None:
        with self._lock:
            self._tidying.tidy()

    def _tell(self, line: str) -> None:
        """Once: it is kept again and again."""
        if line not in self._told:
            self._told.add(line)
            self._log.line(line)

    def hold(self, execution_id: str, desk: Desk) -> None:
        self._keeper.hold(execution_id, desk=desk, gone=self._is_gone)
        self._known.add(execution_id)

    def tell(self, line: str) -> None:
        self._log.line(line)

    def bury(self, entry: Entry, desk: Desk, why: MyceliumError) -> None:
        """Where its job was killed, nobody goes on with it: then it is not to stand on GitHub and pages as at work."""
        from orchestrator.lifecycle.projection.burying import bury, lost

        if self._keeper.bury(entry.id, self._is_gone, why.message):
            bury(desk.github, lost(entry, why.message))

    def _time_out(self, execution_id: str, said_at: datetime | None) -> None:
        """Who said something before the time was over was in time, however long it took until this job."""
        from orchestrator.lifecycle.overdue import time_out

        try:
            keys = time_out(self._services, execution_id, said_at or self._services.clock.now())
        except MyceliumError as error:
            self._log.line(f"History: whether {NOBODY_IN_TIME} on execution {execution_id} is seen to later: {error}")
            return
        for key in keys:
            self._log.line(f"Execution {execution_id}: {NOBODY_IN_TIME} on `{key}`.")

    def _is_gone(self, holder: str) -> bool:
        """Whether the job that held an execution has ended, without having been able to say so."""
        from orchestrator import app
        from orchestrator.lifecycle.archive.holders import job_of

        github = app.github(self._settings, None)
        return github is not None and github.job_is_over(*job_of(holder))


@contextmanager
def history(inputs: Inputs, settings: Settings, services: Services, log: JobLog) -> Generator[History]:
    """That of the repository; `NoHistory` where the job may write nothing, or keeps nothing. `site` only reads."""
    from orchestrator import app

    if not settings.history_branch:
        yield NoHistory(fork=bool(inputs.history_branch))
        return
    with app.keeping(settings, services) as keeper:
        yield KeptHistory(keeper, services, settings, log, days=inputs.history_days)
