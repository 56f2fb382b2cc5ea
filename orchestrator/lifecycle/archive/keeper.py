"""Keeps executions in a branch of the repository, and takes them up from there.

Everything that a job of GitHub Actions needs of the history: `take_up` or `pull` what the event is about, run it,
`save` it at its start, now and then, and when it ends or waits. What is saved can go on in any other job.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from typing import Final

from orchestrator.errors import Conflict
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.archive import going_on
from orchestrator.lifecycle.archive.burying import bury
from orchestrator.lifecycle.archive.claimed import claimed
from orchestrator.lifecycle.archive.entry import Entry
from orchestrator.lifecycle.archive.holders import (
    IsGone,
    claim,
    is_before,
    is_past,
    nobody,
    release,
    same_place,
)
from orchestrator.lifecycle.archive.index import index_of, named
from orchestrator.lifecycle.archive.reading import read
from orchestrator.lifecycle.archive.record import Damaged
from orchestrator.lifecycle.archive.restoring import RESTORED, replaceable, restore, saved_at
from orchestrator.lifecycle.archive.saving import Saved, Saving
from orchestrator.lifecycle.archive.squashing import Squashed, squash
from orchestrator.lifecycle.intake.occasion import Desk
from orchestrator.lifecycle.ports import Dossier
from orchestrator.lifecycle.ports.definitions import DefinitionSource
from orchestrator.lifecycle.ports.record_branch import RecordBranch, Tip
from orchestrator.lifecycle.projection.recognising import recognise
from orchestrator.lifecycle.resume import resume
from orchestrator.lifecycle.services import Services

_LOG = logging.getLogger(__name__)


PassedOver = Callable[[Entry, Conflict | Damaged], None]
"""Told of an execution that is not brought here, and why."""

_TRIES: Final = 3
_MOST_ASKED: Final = 8
"""Jobs about which GitHub is asked whether they have ended; the next job asks about others."""

_BATCH: Final = 50
"""Records that are fetched together: more would be quicker, and fill the memory."""


class Keeper:
    """The history of one repository, as one process sees it. `holder` is who this process is, in the words of `Entry`.

    All methods may raise `Unavailable` (the remote is out of reach, or busier than patience lasts), `Forbidden` (it
    does not let us push) and `SetupError` (what lies in the branch cannot be read, or was made by a later version).
    """

    def __init__(self, services: Services, branch: RecordBranch, definitions: DefinitionSource, *, holder: str) -> None:
        self._services = services
        self._branch = branch
        self._definitions = definitions
        self._holder = holder

    def entries(self) -> tuple[Entry, ...]:
        """All that the branch has, by id, the oldest first; none where there is no branch yet. Reads no record."""
        return tuple(entry for _, entry in sorted(index_of(self._branch.tip()).entries.items()))

    def save(self, execution_id: str, *, letting_go: bool = True) -> Saved:
        """Keep the execution as the store has it now, with its log, commits and artifacts within limits.

        While it runs this process holds it, and while it waits too, unless it is `letting_go`. `Conflict` where
        somebody else holds it or has saved a later state of it: then nothing is written, and this process has to stop
        working on it.
        """
        saving = Saving(self._services, self._holder, execution_id, letting_go=letting_go)
        self._branch.write(saving.decide)
        return saving.concluded()

    def concerned(
        self, thread: int | None, *, workflows: Collection[str] = (), gone: IsGone | None = None
    ) -> tuple[Entry, ...]:
        """Those that have not ended and that this process may go on with: shown at the issue or pull request of its
        event (`thread`), left behind by an earlier attempt of its job of Actions, or, of these workflows, by an earlier
        run of the same job that is `gone`. For the last, few are asked about: the newest holders."""
        entries, mine = [entry for entry in self.entries() if entry.open], self._holder
        sure = {
            entry.id
            for entry in entries
            if (thread is not None and entry.thread == thread) or is_before(entry.holder, mine)
        }
        others = [entry for entry in entries if entry.workflow_id in workflows and same_place(entry.holder, mine)]
        holders = list(dict.fromkeys(entry.holder for entry in reversed(others) if entry.holder != mine))
        now = self._services.clock.now()
        dead = {entry.holder for entry in others if is_past(entry, now)}
        dead |= set(filter(gone or nobody, [each for each in holders if each not in dead][:_MOST_ASKED]))
        return tuple(entry for entry in entries if entry.id in sure or (entry in others and entry.holder in dead))

    def pull_earlier(self, desk: Desk) -> tuple[str, ...]:
        """Bring back what earlier attempts of this job of Actions saved last and hold no more, as `pull` does: with it
        comes what they decided on the event."""
        return self._pull(lambda entry: not entry.holder and is_before(entry.saved_by, self._holder), desk, _logged)

    def pull(
        self,
        *,
        reference: str | None = None,
        thread: int | None = None,
        desk: Desk | None = None,
        passed_over: PassedOver | None = None,
    ) -> tuple[str, ...]:
        """Bring the store up to date with the branch; the ids of the executions that are new or changed here.

        All, or one execution (`reference` as in `Store.find`), or those shown at an issue or pull request (`thread`).
        What the store has as it is there is not read again. Nobody runs them then: `take_up` goes on with one. With a
        `desk`, which carries out commands such as `rerun`, what may not run here is passed over.
        A record that cannot be read is passed over too, unless it was asked for by name. Whoever is not told by
        `passed_over` finds that in the log.
        """
        if reference is None:
            return self._pull(lambda entry: thread is None or entry.thread == thread, desk, passed_over or _logged)
        tip = self._branch.tip()
        return self._brought(tip, [named(index_of(tip).entries.values(), reference)], desk, _raised)

    def check(self, execution_id: str, *, desk: Desk | None = None) -> None:
        """`Conflict` unless what came from the branch may run here, as `take_up` says."""
        with self._services.store.begin() as tx:
            tx.lock(execution_id)
            dossier = tx.dossier(execution_id)
        self._check(dossier, desk)

    def take_up(self, execution_id: str, *, desk: Desk | None = None, gone: IsGone | None = None) -> None:
        """Go on with an execution that waits for a person or whose job was killed, as `hold` and `go_on` do.

        Call it before the decision is made that it waits for.
        """
        self.hold(execution_id, desk=desk, gone=gone)
        self.go_on(execution_id)

    def go_on(self, execution_id: str) -> None:
        """Have this process tree run what this process holds; what has ended here since only tells its end."""
        resume(self._services, execution_id, of=RESTORED)

    def hold(
        self, execution_id: str, *, desk: Desk | None = None, gone: IsGone | None = None, again: bool = False
    ) -> None:
        """From now on nobody else runs it; nothing of it starts yet, and it is pulled first.

        `again` is for one that has ended, and a part of which is to be run again.

        It may go on if its workflow, agents and project file are those of the commit that is trusted for its event, and
        its approvals can be found where people gave them: that takes a `desk`. `Conflict` where it has ended, where
        somebody holds it who is not `gone` (`Held`), where it has gone on both here and elsewhere, or where it may not
        go on; the message says what to do.
        """
        for _ in range(_TRIES):
            self.pull(reference=execution_id)
            _check_ended(self._services.store.execution(execution_id), again)
            self.check(execution_id, desk=desk)
            if desk is not None:
                # Its job may have shown more than it saved.
                recognise(self._services, desk.github, execution_id)
            if self._claimed(execution_id, gone or nobody):
                return
            if not replaceable(self._services, execution_id):
                what = f"execution {execution_id} has gone on here, and elsewhere too: the history has a later state"
                raise Conflict(what, hint="wait for its end here, or cancel it; then the later state takes its place")
        raise Conflict(f"execution {execution_id} is saved by somebody else all the time", hint="try again")

    def bury(self, execution_id: str, gone: IsGone, why: str) -> bool:
        """End an execution as cancelled that may not go on here (`why`), and whose holder is `gone`: nobody holds it
        then, no other job comes upon it, and pages do not show it as at work for ever. A record that cannot be read
        stays as it is. False where nobody holds the execution, or somebody who is at work."""
        now = self._services.clock.now()
        return bury(self._branch, execution_id, self._holder, why, gone=gone, at=now)

    def release(self, reference: str) -> Entry:
        """Nobody holds an execution any more (`reference` as in `Store.find`), as a person says who knows that nobody
        is at work on it; the entry as it was before. A process that is at work all the same holds it again when it next
        saves, unless somebody has gone on since: then it has to stop. `Conflict` where a job of Actions holds it."""
        return release(self._branch, reference)

    def squash(self, *, drop_after_days: int | None = None, unless_within_days: int = 0) -> Squashed:
        """Make all commits of the branch one without a parent; the records stay, and those that come meanwhile too.

        Records that ended more than `drop_after_days` ago are left out. Nothing is done where the branch was squashed
        less than `unless_within_days` ago.
        """
        return squash(
            self._branch,
            self._services.clock.now(),
            drop_after_days=drop_after_days,
            unless_within_days=unless_within_days,
        )

    def close(self) -> None:
        """Remove what was brought here of the branch."""
        self._branch.close()

    def _pull(self, wanted: Callable[[Entry], bool], desk: Desk | None, tell: PassedOver) -> tuple[str, ...]:
        tip = self._branch.tip()
        return self._brought(tip, filter(wanted, index_of(tip).entries.values()), desk, tell)

    def _brought(self, tip: Tip, chosen: Iterable[Entry], desk: Desk | None, tell: PassedOver) -> tuple[str, ...]:
        wanted = [entry for entry in sorted(chosen, key=lambda entry: entry.id) if self._lacks(entry)]
        done: list[str] = []
        for start in range(0, len(wanted), _BATCH):
            some = wanted[start : start + _BATCH]
            contents = tip.read([entry.path for entry in some])
            for entry in some:
                try:
                    self._put(entry, contents.get(entry.path), desk)
                except (Conflict, Damaged) as error:
                    tell(entry, error)
                else:
                    done.append(entry.id)
        return tuple(done)

    def _lacks(self, entry: Entry) -> bool:
        return saved_at(self._services, entry.id) != entry.saved_at and replaceable(self._services, entry.id)

    def _put(self, entry: Entry, content: bytes | None, desk: Desk | None) -> None:
        """`Damaged` where it cannot be read, `Conflict` where it may not run or is at work here."""
        record = read(entry, content)
        if desk is not None:
            self._check(record.dossier, desk)
        restore(self._services, record)

    def _check(self, dossier: Dossier, desk: Desk | None) -> None:
        if desk is not None:
            going_on.check_on_github(claimed(dossier), desk)
        else:
            going_on.check_here(claimed(dossier), self._definitions.at(self._services.git.snapshot().head))

    def _claimed(self, execution_id: str, gone: IsGone) -> bool:
        """Have the index say that we hold it; false where it has been saved anew since it was pulled."""
        known = saved_at(self._services, execution_id)
        return claim(self._branch, execution_id, self._holder, known=known, gone=gone, now=self._services.clock.now)


def _logged(_entry: Entry, error: Conflict | Damaged) -> None:
    _LOG.warning("%s", error)


def _raised(_entry: Entry, error: Conflict | Damaged) -> None:
    raise error


def _check_ended(execution: Execution, ended: bool) -> None:
    if execution.status.ended and not ended:
        what = f"execution {execution.id} has already ended: {execution.status.value}"
        raise Conflict(what, hint="`rerun` starts it again")
    if ended and not execution.status.ended:
        raise Conflict(f"execution {execution.id} has not ended: it is {execution.status.value}")
