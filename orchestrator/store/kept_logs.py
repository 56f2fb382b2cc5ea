"""The `Logs` port on rows: batches in and out, and what is told of lines that could not be written."""

from __future__ import annotations

import os
import threading
import weakref
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from typing import Final

from orchestrator.errors import MyceliumError, Unavailable
from orchestrator.execution.log_line import Level, LogLine
from orchestrator.lifecycle.ports import NewLogLine
from orchestrator.store.log_chunk import chunks, rank
from orchestrator.store.log_limit import LIMIT_BYTES, make_room
from orchestrator.store.log_rows import ChunkRow, LogRows

MOST_HELD_CHARACTERS: Final = 8_000_000
_COMPARED: Final = 200


class KeptLogs(ABC):
    """`Logs` in a database; safe for threads, for several processes, and after a fork.

    `limit` is what one node run may keep, in bytes of text before compression. Databases differ in how a transaction
    begins and in what they say when it fails. Lines that came while the database was out of reach are held in memory,
    up to a limit, until it is back.
    """

    def __init__(self, *, limit: int = LIMIT_BYTES) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._lost: dict[tuple[str, int], Counter[str]] = {}
        self._held: dict[str, list[NewLogLine]] = {}
        _survive_fork(self)

    def append(self, execution_id: str, lines: Sequence[NewLogLine]) -> int:
        """As `Logs.append`; 0 where the lines are held, or lost, which the next lines of that run will tell."""
        with self._lock:
            told = self._told_losses(execution_id, lines)
            try:
                last = self._write(execution_id, [*told, *lines])
            except Unavailable as error:
                self._hold(execution_id, lines, self._why(error))
                return 0
            except (OSError, MyceliumError) as error:
                self._note_loss(execution_id, [*self._held.pop(execution_id, ()), *lines], self._why(error))
                return 0
            for line in told:
                del self._lost[execution_id, line.run]
            return last

    def settle(self, execution_id: str) -> None:
        with self._lock:
            if execution_id in self._held:
                self._write(execution_id, ())

    def read(
        self,
        execution_id: str,
        *,
        run: int | None = None,
        level: Level | None = None,
        query: str = "",
        after: int = 0,
        limit: int = 1000,
    ) -> list[LogLine]:
        least, wanted = rank(level) if level else 0, query.casefold()

        def fits(line: LogLine) -> bool:
            return line.id > after and rank(line.level) >= least and wanted in line.text.casefold()

        with self._reading(execution_id) as rows:
            return list(islice(filter(fits, rows.lines(run=run, level=least, after=after)), limit))

    def tail(self, execution_id: str, run: int, lines: int) -> list[LogLine]:
        with self._reading(execution_id) as rows:
            return list(islice(rows.lines(run=run, newest_first=True), max(lines, 0)))[::-1]

    def forget(self, execution_id: str) -> None:
        with self._lock:
            with self._writing(execution_id) as rows:
                rows.forget()
            self._held.pop(execution_id, None)
            self._lost = {key: lost for key, lost in self._lost.items() if key[0] != execution_id}

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def _writing(self, execution_id: str) -> AbstractContextManager[LogRows]:
        """A transaction that is on disk when the block ends. Called with the lock held; fails with errors of ours."""

    @abstractmethod
    def _reading(self, execution_id: str) -> AbstractContextManager[LogRows]:
        """A consistent look; fails with errors of ours."""

    def _why(self, error: Exception) -> str:
        """What a log says of its missing lines: the database's own words, without the place where it lies."""
        return str(error.__cause__ or error)

    def _forget_parent(self) -> None:
        """In a forked child: another thread of the parent may have held the lock."""
        self._lock = threading.Lock()
        self._held = {}

    def _write(self, execution_id: str, lines: Sequence[NewLogLine]) -> int:
        """Store what is held of the execution, and then `lines`."""
        with self._writing(execution_id) as rows:
            last = self._store(rows, [*_unstored(rows, self._held.get(execution_id, ())), *lines])
        self._held.pop(execution_id, None)
        return last

    def _hold(self, execution_id: str, lines: Sequence[NewLogLine], reason: str) -> None:
        room = MOST_HELD_CHARACTERS - sum(len(line.text) for held in self._held.values() for line in held)
        # One after the other: what comes after a line that was lost is lost too, and told of behind those before it.
        if sum(len(line.text) for line in lines) > room or self._told_losses(execution_id, lines):
            self._note_loss(execution_id, lines, reason)
        else:
            self._held.setdefault(execution_id, []).extend(lines)

    def _store(self, rows: LogRows, lines: Sequence[NewLogLine]) -> int:
        last = rows.take_ids(len(lines))
        end = last - len(lines)
        for chunk in chunks(lines):
            end += len(chunk.lines)
            in_tail = make_room(rows, chunk, self._limit)
            rows.add(
                ChunkRow.of(chunk.lines, last=end, run=chunk.run, level=chunk.level, size=chunk.size, tail=in_tail)
            )
        return last

    def _note_loss(self, execution_id: str, lines: Sequence[NewLogLine], reason: str) -> None:
        for line in lines:
            self._lost.setdefault((execution_id, line.run), Counter())[reason] += 1

    def _told_losses(self, execution_id: str, lines: Sequence[NewLogLine]) -> list[NewLogLine]:
        """A line of ours for each run of this batch that lost lines since its last successful write."""
        told: dict[int, NewLogLine] = {}
        for line in lines:
            lost = self._lost.get((execution_id, line.run))
            if lost and line.run not in told:
                reason, _ = lost.most_common(1)[0]
                text = f"{lost.total():,} lines are missing here: they could not be written ({reason})"
                told[line.run] = ours(line, text)
        return list(told.values())


def ours(line: NewLogLine, text: str) -> NewLogLine:
    """A line in our own words, where `line` stands or stood."""
    return replace(line, level=Level.WARNING, stream="mycelium", text=text, group="", error_code=None)


def _unstored(rows: LogRows, held: Sequence[NewLogLine]) -> Sequence[NewLogLine]:
    """Those of the lines that are not there: a transaction whose answer was lost may have stored the first of them."""
    runs = Counter(line.run for line in held)
    there = {
        _mark(line) for run, count in runs.items() for line in islice(rows.lines(run=run, newest_first=True), count + 1)
    }
    return held[max((number for number, line in enumerate(held, start=1) if _mark(line) in there), default=0) :]


def _mark(line: NewLogLine | LogLine) -> object:
    return line.run, line.attempt, line.at, line.stream, line.text[:_COMPARED]


def _survive_fork(logs: KeptLogs) -> None:
    reference = weakref.ref(logs)

    def in_child() -> None:
        if (here := reference()) is not None:
            here._forget_parent()

    os.register_at_fork(after_in_child=in_child)
