"""Making a record of an execution as the store has it now."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from datetime import datetime
from operator import attrgetter
from typing import Final

from orchestrator.errors import MyceliumError, NotFound
from orchestrator.execution.log_line import Level, LogLine
from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle.archive import copies
from orchestrator.lifecycle.archive.codec import size_of
from orchestrator.lifecycle.archive.limits import (
    COMMIT_BYTES,
    COPY_BYTES,
    FILE_BYTES,
    LEAST_LOG_BYTES,
    LOG_BYTES,
    TOTAL_LOG_BYTES,
)
from orchestrator.lifecycle.archive.record import Record
from orchestrator.lifecycle.ports import Dossier, NewLogLine
from orchestrator.lifecycle.publishing.leaks import leak
from orchestrator.lifecycle.secrecy import mask_of
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.travel import bring

_PAGE: Final = 1000
STAYS: Final = "the execution cannot go on on another machine"
"""What a line of `Record.left_out` says of a commit."""
_SHOWN: Final = 5
_FIELDS: Final = tuple(field.name for field in fields(NewLogLine))


def take(services: Services, execution_id: str, saved_at: datetime) -> Record:
    """All of an execution that fits into a record. `NotFound` for an unknown one."""
    with services.store.begin() as tx:
        tx.lock(execution_id)
        dossier = tx.dossier(execution_id)
    dossier = replace(dossier, execution=replace(dossier.execution, instance="", repository_path=""))
    packing = _Packing(services)
    packing.commits(dossier)
    packing.files(dossier)
    dossier = replace(dossier, copies=packing.copies(dossier))
    log = sorted(packing.log(dossier), key=attrgetter("id"))
    return Record(
        dossier=dossier,
        saved_at=saved_at,
        log=tuple(_new(line) for line in log),
        blobs=packing.blobs,
        left_out=tuple(packing.left_out),
    )


class _Packing:
    """What goes into the record beside the dossier, and what had to stay out of it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.blobs: dict[str, bytes] = {}
        self.left_out: list[str] = []

    def commits(self, dossier: Dossier) -> None:
        """The bundles of all commits of the execution, without which it cannot go on elsewhere."""
        wanted = [("what it started from", dossier.plan.base_bundle, dossier.execution.base)]
        outcomes = [(run.key, run.outcome) for run in dossier.runs if run.outcome]
        wanted += [(f"the commit of `{key}`", outcome.bundle, outcome.commit) for key, outcome in outcomes]
        clean: list[tuple[str, str]] = []
        for name, digest, commit in wanted:
            if not digest or not commit:
                continue
            if why := self._leak(dossier, commit):
                self.left_out.append(f"{name} is left out, and {STAYS}: {why}")
            else:
                clean.append((name, digest))
        self._take(clean, COMMIT_BYTES, STAYS)

    def _leak(self, dossier: Dossier, commit: str) -> str:
        """Why a commit may not lie in a branch that others read; empty where it may.

        What came from the branch, and was not needed here, is there already.
        """
        execution, git = dossier.execution, self._services.git
        if not git.has(commit) and dossier.copies:
            return ""
        before = execution.base if commit != execution.base else execution.head
        try:
            bring(self._services, execution, commit)
            if before is None or before == commit:
                return ""
            commits = git.log(before, commit)
            return leak(git, mask_of(self._services), before, commits) if commits else ""
        except MyceliumError as error:
            return f"it cannot be looked through for secrets ({error.message})"

    def files(self, dossier: Dossier) -> None:
        """Artifacts, and what was recorded of agents."""
        outcomes = [(run.key, run.outcome) for run in dossier.runs if run.outcome]
        wanted = [(f"{kept.name} of `{key}`", kept.digest) for key, outcome in outcomes for kept in outcome.artifacts]
        wanted += [(f"a transcript of `{key}`", digest) for key, outcome in outcomes for digest in outcome.transcripts]
        self._take(wanted, FILE_BYTES, "it stays on the machine that made it")

    def copies(self, dossier: Dossier) -> dict[str, str]:
        """Copies of what git has, or those that came with the execution from elsewhere, by name."""
        room, blobs = COPY_BYTES, self._services.blobs
        found = {name: blobs.get(digest) for name, digest in dossier.copies.items() if blobs.has(digest)}
        found |= dict(copies.made(self._services, dossier))
        kept: dict[str, str] = {}
        for name, content in sorted(found.items()):
            if len(content) <= room:
                room -= len(content)
                kept[name] = self._add(content)
            else:
                self.left_out.append(
                    f"{name} ({len(content):,} bytes) is left out: pages are built without it where the commits are not"
                )
        return kept

    def log(self, dossier: Dossier) -> Iterator[LogLine]:
        """Lines of all node runs; of a long log its head and its tail, and a line that tells."""
        begun = [run for run in dossier.runs if run.started_at or run.outcome or run.epoch]
        many = max(len(begun), 1)
        share = max(LOG_BYTES // many, min(LEAST_LOG_BYTES, TOTAL_LOG_BYTES // many))
        cut: list[str] = []
        for run in dossier.runs:
            lines, dropped = shortened(self._lines(run), share)
            yield from lines
            cut += [f"`{run.key}`"] if dropped else []
        if cut:
            more = ", …" * (len(cut) > _SHOWN)
            what = f"the logs of {', '.join(cut[:_SHOWN])}{more} are cut"
            self.left_out.append(f"{what} to what takes {share:,} bytes each in a record")

    def _lines(self, run: NodeRun) -> Iterator[LogLine]:
        after = 0
        while page := self._services.logs.read(run.execution_id, run=run.index, after=after, limit=_PAGE):
            yield from page
            after = page[-1].id

    def _take(self, wanted: Iterable[tuple[str, str]], room: int, meaning: str) -> None:
        for name, digest in wanted:
            if digest in self.blobs:
                continue
            try:
                content = self._services.blobs.get(digest)
            except NotFound:
                self.left_out.append(f"{name} is not on this machine")
                continue
            if len(content) > room:
                self.left_out.append(f"{name} ({len(content):,} bytes) is left out: {meaning}")
                continue
            room -= len(content)
            self.blobs[digest] = content

    def _add(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self.blobs[digest] = content
        return digest


def shortened(lines: Iterable[LogLine], limit: int) -> tuple[list[LogLine], int]:
    """As many of the first and of the last lines as take `limit` bytes in a record, and how many are left out.

    Between them a line of our own, which has the id of the first that is left out, says so.
    """
    head: list[LogLine] = []
    tail: deque[LogLine] = deque()
    first: LogLine | None = None
    dropped = in_head = in_tail = 0
    for line in lines:
        size = size_of(line)
        if not tail and not dropped and in_head + size <= limit // 2:
            head.append(line)
            in_head += size
            continue
        tail.append(line)
        in_tail += size
        while in_tail > limit - limit // 2:
            gone = tail.popleft()
            first = first or gone
            dropped += 1
            in_tail -= size_of(gone)
    if first:
        head.append(_told(first, dropped))
    return [*head, *tail], dropped


def _told(first: LogLine, dropped: int) -> LogLine:
    text = f"{dropped:,} lines are left out here: the history keeps the beginning and the end of a long log"
    return replace(first, level=Level.WARNING, stream="mycelium", text=text, group="", error_code=None)


def _new(line: LogLine) -> NewLogLine:
    return NewLogLine(**{name: getattr(line, name) for name in _FIELDS})
