"""The rows of logs: one set of statements for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final, NamedTuple, Protocol

from orchestrator.execution.log_line import LogLine
from orchestrator.lifecycle.ports import NewLogLine
from orchestrator.store.log_chunk import pack, unpack

_NEXT = """
INSERT INTO <sequences> (execution_id, last) VALUES (:execution_id, :count)
ON CONFLICT (execution_id) DO UPDATE SET last = <sequences>.last + excluded.last RETURNING last
"""
_ADD = """
INSERT INTO <chunks> (execution_id, last, first, run, level, size, tail, data)
VALUES (:execution_id, :last, :first, :run, :level, :size, :tail, :data)
"""
_REMOVE = "DELETE FROM <chunks> WHERE execution_id = :execution_id AND last = :last"
_TAIL = """
SELECT last, first, size FROM <chunks>
WHERE execution_id = :execution_id AND run = :run AND last > :after AND tail = 1 ORDER BY last LIMIT :count
"""
_ONE = "SELECT first, run, data FROM <chunks> WHERE execution_id = :execution_id AND last = :last"
_VOLUME = """
SELECT head, tail, cut_id, cut_lines, cut_bytes FROM <volumes> WHERE execution_id = :execution_id AND run = :run
"""
_SAVE_VOLUME = """
INSERT INTO <volumes> (execution_id, run, head, tail, cut_id, cut_lines, cut_bytes)
VALUES (:execution_id, :run, :head, :tail, :cut_id, :cut_lines, :cut_bytes)
ON CONFLICT (execution_id, run) DO UPDATE SET head = excluded.head, tail = excluded.tail, cut_id = excluded.cut_id,
cut_lines = excluded.cut_lines, cut_bytes = excluded.cut_bytes
"""
_LINES = (
    "SELECT first, run, data FROM <chunks> WHERE execution_id = :execution_id AND last > :after AND level >= :level"
)
_FORGET = (
    "DELETE FROM <chunks> WHERE execution_id = :execution_id",
    "DELETE FROM <volumes> WHERE execution_id = :execution_id",
    "DELETE FROM <sequences> WHERE execution_id = :execution_id",
)
_PAGE: Final = 64
_OF_RUN = " AND run = :run"
_OLDEST_FIRST, _NEWEST_FIRST = " ORDER BY last", " ORDER BY last DESC"


class Rows(Protocol):
    """What a statement found; read one after the other, so that a long log is never in memory as a whole."""

    def fetchone(self) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...


Execute = Callable[[str, Mapping[str, object]], Rows]
"""Runs a statement with `:name` parameters in the transaction that is open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChunkRow:
    """Consecutive lines of one node run, `first` to `last`; `tail` is 1 where the limit may drop it, else 0."""

    last: int
    first: int
    run: int
    level: int
    size: int
    tail: int
    data: bytes

    @classmethod
    def of(cls, lines: Sequence[NewLogLine], *, last: int, run: int, level: int, size: int, tail: bool) -> ChunkRow:
        """`lines` as a row; `last` is the id of the last one."""
        first = last - len(lines) + 1
        return cls(last=last, first=first, run=run, level=level, size=size, tail=int(tail), data=pack(lines))


class Span(NamedTuple):
    """A chunk without its lines: the ids of the last and the first, and its bytes of text."""

    last: int
    first: int
    size: int


@dataclass(kw_only=True, slots=True)
class Volume:
    """What a node run's log holds, in bytes of text, and what was dropped; `cut_id` is the id of the first line."""

    head: int = 0
    tail: int = 0
    cut_id: int | None = None
    cut_lines: int = 0
    cut_bytes: int = 0


class LogRows:
    """The log of one execution, in one transaction. The names of its tables begin with `prefix`."""

    def __init__(self, execute: Execute, execution_id: str, *, prefix: str = "") -> None:
        self._execute = execute
        self._execution_id = execution_id
        self._prefix = prefix

    def take_ids(self, count: int) -> int:
        """Reserve `count` ids; the last of them. Until the transaction ends nobody else gets one."""
        (last,) = self._run(_NEXT, count=count).fetchone()
        return int(last)

    def add(self, chunk: ChunkRow) -> None:
        self._run(_ADD, **asdict(chunk))

    def remove(self, last: int) -> None:
        self._run(_REMOVE, last=last)

    def forget(self) -> None:
        for statement in _FORGET:
            self._run(statement)

    def tail(self, run: int, after: int) -> Iterator[Span]:
        """What the limit may drop, oldest first."""
        while True:
            found = [Span(*row) for row in self._run(_TAIL, run=run, after=after, count=_PAGE)]
            yield from found
            if len(found) < _PAGE:
                return
            after = found[-1].last

    def first_line(self, span: Span) -> LogLine:
        first, run, data = self._run(_ONE, last=span.last).fetchone()
        return unpack(run, first, data)[0]

    def volume(self, run: int) -> Volume:
        row = self._run(_VOLUME, run=run).fetchone()
        if row is None:
            return Volume()
        head, tail, cut_id, cut_lines, cut_bytes = row
        return Volume(head=head, tail=tail, cut_id=cut_id, cut_lines=cut_lines, cut_bytes=cut_bytes)

    def save_volume(self, run: int, volume: Volume) -> None:
        self._run(_SAVE_VOLUME, run=run, **asdict(volume))

    def lines(
        self, *, run: int | None = None, level: int = 0, after: int = 0, newest_first: bool = False
    ) -> Iterator[LogLine]:
        """Lines of the chunks that may hold what is asked for; the caller looks at each."""
        query = _LINES + (_OF_RUN if run is not None else "") + (_NEWEST_FIRST if newest_first else _OLDEST_FIRST)
        only = {} if run is None else {"run": run}
        for first, found, data in self._run(query, level=level, after=after, **only):
            lines = unpack(found, first, data)
            yield from reversed(lines) if newest_first else lines

    def _run(self, statement: str, **values: object) -> Rows:
        return self._execute(_named(statement, self._prefix), {"execution_id": self._execution_id, **values})


@cache
def _named(statement: str, prefix: str) -> str:
    for table in ("sequences", "chunks", "volumes"):
        statement = statement.replace(f"<{table}>", f"{prefix}{table}")
    return statement
