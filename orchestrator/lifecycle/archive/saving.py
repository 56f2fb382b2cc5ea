"""Saving one execution: what its record and its line in the index become, and who may write them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from orchestrator.errors import Conflict
from orchestrator.execution.state import Execution, ExecutionStatus
from orchestrator.lifecycle.archive.codec import Body
from orchestrator.lifecycle.archive.entry import Entry
from orchestrator.lifecycle.archive.holders import nobody, refuse_held
from orchestrator.lifecycle.archive.index import INDEX, Index, dump, index_of, path_of
from orchestrator.lifecycle.archive.record import Record
from orchestrator.lifecycle.archive.restoring import mark_of, saved_at
from orchestrator.lifecycle.archive.taking import STAYS, take
from orchestrator.lifecycle.ports.record_branch import Change, Tip
from orchestrator.lifecycle.services import Services

_README: Final = "README.md"

_ABOUT: Final = b"""# History of Mycelium

This branch keeps what workflows did: one compressed file for each execution, and a line for each of them in
`index.jsonl`. Mycelium writes it, and reads it to build pages and to go on with what waits. Nobody has to check it out;
deleting the branch deletes the history.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """What saving an execution did.

    `changed` is false where the branch had it just so. `left_out` says, a line each, what was too large to be kept, and
    what that means: logs that are cut, artifacts, commits without which it cannot go on elsewhere.
    """

    entry: Entry
    changed: bool
    left_out: tuple[str, ...] = ()
    squashed_at: datetime | None = None
    """When the commits of the branch were last made one, or the first was made."""

    @property
    def stays(self) -> str:
        """The line that says why it cannot go on elsewhere; empty where it can."""
        return next((line for line in self.left_out if STAYS in line), "")


class Saving:
    """One execution on its way into the branch; `decide` may be asked several times."""

    def __init__(self, services: Services, holder: str, execution_id: str, *, letting_go: bool = True) -> None:
        self._services = services
        self._holder = holder
        self._letting_go = letting_go
        self._known = saved_at(services, execution_id)
        self._record = take(services, execution_id, services.clock.now())
        self._body = Body(self._record)
        self._entry: Entry | None = None
        self._changed = self._new = False
        self._squashed_at: datetime | None = None

    def decide(self, tip: Tip) -> Change | None:
        index = index_of(tip)
        if tip.commit is None:
            index = replace(index, head=replace(index.head, squashed_at=self._record.saved_at))
        self._squashed_at = index.head.squashed_at
        before = index.entries.get(self._execution.id)
        # It keeps the number that it has in the branch: a store has another one where that was taken there.
        self._number(before.number if before else self._free_number(index))
        digest = self._body.digest(self._record)
        if before and before.digest != digest:
            self._check_ours(before)
        self._new, self._changed = before is None, True
        self._entry = self._made(before, digest)
        if before and before.digest == self._entry.digest:
            foreign = before.holder not in ("", self._holder)
            if foreign or before.holder == self._entry.holder:
                self._entry, self._changed = before, False
                return None
        execution = self._execution
        content = self._body.encode(replace(self._record, saved_at=self._entry.saved_at))
        entries = {**index.entries, execution.id: self._entry}
        put = {self._entry.path: content, INDEX: dump(replace(index, entries=entries))}
        if tip.commit is None:
            put[_README] = _ABOUT
        message = f"{execution.workflow_id} #{self._entry.number}: {execution.status.value}\n\n{execution.id}\n"
        return Change(message=message, put=put)

    def concluded(self) -> Saved:
        """What the branch has is what the store has: note it."""
        entry = self._entry
        assert entry is not None  # noqa: S101 - whoever wrote has decided
        with self._services.store.begin() as tx:
            stored = tx.lock(entry.id)
            if self._new and stored.number != entry.number:
                tx.save(replace(stored, number=entry.number))
            tx.intake.put_mark(mark_of(entry.id), entry.saved_at)
        left_out = self._record.left_out
        return Saved(entry=entry, changed=self._changed, left_out=left_out, squashed_at=self._squashed_at)

    @property
    def _execution(self) -> Execution:
        return self._record.dossier.execution

    def _free_number(self, index: Index) -> int:
        """One that no other execution of the workflow has: jobs that began at once all thought they were the next."""
        execution = self._execution
        workflow_id, least = execution.workflow_id, index.head.numbers.get(execution.workflow_id, 0)
        taken = {entry.number for entry in index.entries.values() if entry.workflow_id == workflow_id}
        if execution.number > least and execution.number not in taken:
            return execution.number
        with self._services.store.begin() as tx:
            return max(least + 1, max(taken, default=0) + 1, tx.next_number(workflow_id))

    def _number(self, number: int) -> None:
        if number != self._execution.number:
            dossier = self._record.dossier
            numbered = replace(dossier, execution=replace(dossier.execution, number=number))
            self._record = replace(self._record, dossier=numbered)

    def _check_ours(self, before: Entry) -> None:
        if before.holder and before.holder == self._holder:
            return
        refuse_held(before, self._holder, nobody, self._record.saved_at)
        if before.saved_at != self._known:
            what = f"the history has a later state of execution {before.id}"
            raise Conflict(what, hint="`mycelium history pull` brings it here")

    def _made(self, before: Entry | None, digest: str) -> Entry:
        execution, record = self._execution, self._record
        waits = execution.status is ExecutionStatus.WAITING
        resting = execution.status.ended or (waits and self._letting_go)
        at = before.later(record.saved_at) if before else record.saved_at
        return Entry(
            id=execution.id,
            path=path_of(execution),
            workflow_id=execution.workflow_id,
            number=execution.number,
            status=execution.status,
            created_at=execution.created_at,
            saved_at=at,
            thread=execution.target.number if execution.target else None,
            head=execution.head or "",
            holder="" if resting else self._holder,
            held_at=None if resting else record.saved_at,
            saved_by=self._holder,
            due=_due(record),
            digest=digest,
        )


def _due(record: Record) -> datetime | None:
    return min((run.deadline for run in record.dossier.runs if run.deadline and not run.status.settled), default=None)
