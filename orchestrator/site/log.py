"""The log of a node run as pages show it: numbered lines in groups, the whole of it on pages of its own."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from orchestrator.execution.log_line import Level, LogLine
from orchestrator.report.plain_text import one_line
from orchestrator.site.ansi import Segment, segments
from orchestrator.site.source import SiteSource

INLINE_LINES = 200
PAGE_LINES = 2_000
_FETCH = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class LogRow:
    """A line with its number within the node run, from 1."""

    number: int
    at: datetime
    level: Level
    stream: str
    pieces: tuple[Segment, ...]
    attempt: int
    error_code: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogGroup:
    """Consecutive lines of one `::group::`; without a title they stand on their own. `attempt` when one begins."""

    title: str
    rows: tuple[LogRow, ...]
    attempt: int = 0

    @property
    def troubled(self) -> bool:
        return any(row.level in (Level.WARNING, Level.ERROR) for row in self.rows)


@dataclass(kw_only=True, slots=True)
class RunLog:
    """What one pass over a log gathers. `levels` counts lines; `attempts` has first and last time of each."""

    total: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    attempts: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)
    tail: deque[tuple[int, LogLine]] = field(default_factory=lambda: deque(maxlen=INLINE_LINES))

    @property
    def is_long(self) -> bool:
        return self.total > INLINE_LINES

    @property
    def pages(self) -> int:
        return -(-self.total // PAGE_LINES) if self.is_long else 0

    @property
    def groups(self) -> tuple[LogGroup, ...]:
        return grouped(self.tail)

    def add(self, line: LogLine) -> None:
        self.total += 1
        self.levels[line.level.value] += 1
        first, _ = self.attempts.get(line.attempt, (line.at, line.at))
        self.attempts[line.attempt] = (first, line.at)
        self.tail.append((self.total, line))


def log_lines(source: SiteSource, execution_id: str, run: int) -> Iterator[LogLine]:
    """All lines of a node run, fetched in pages so that no read is long."""
    after = 0
    while lines := source.log(execution_id, run, after=after, limit=_FETCH):
        yield from lines
        if len(lines) < _FETCH:
            return
        after = lines[-1].id


def run_log(lines: Iterator[LogLine]) -> RunLog:
    log = RunLog()
    for line in lines:
        log.add(line)
    return log


def log_pages(lines: Iterator[LogLine]) -> Iterator[tuple[LogGroup, ...]]:
    """The whole log, `PAGE_LINES` at a time."""
    page: list[tuple[int, LogLine]] = []
    for numbered in enumerate(lines, start=1):
        page.append(numbered)
        if len(page) == PAGE_LINES:
            yield grouped(page)
            page = []
    if page:
        yield grouped(page)


def grouped(lines: Sequence[tuple[int, LogLine]] | deque[tuple[int, LogLine]]) -> tuple[LogGroup, ...]:
    groups = []
    shown = 0
    for (attempt, title), members in groupby(lines, key=lambda pair: (pair[1].attempt, pair[1].group)):
        rows = tuple(_row(number, line) for number, line in members)
        begins = attempt if attempt != shown and (attempt > 1 or shown) else 0
        groups.append(LogGroup(title=one_line(title, 160), rows=rows, attempt=begins))
        shown = attempt
    return tuple(groups)


def _row(number: int, line: LogLine) -> LogRow:
    return LogRow(
        number=number,
        at=line.at,
        level=line.level,
        stream=line.stream if line.stream in ("stdout", "stderr", "agent", "tool", "mycelium") else "stdout",
        pieces=segments(line.text.replace("\n", "⏎")),
        attempt=line.attempt,
        error_code=line.error_code or "",
    )
