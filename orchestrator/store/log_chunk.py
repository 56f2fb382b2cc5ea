"""Log lines as compressed chunks: what one row of the log database holds."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from orchestrator.execution.log_line import Level, LogLine
from orchestrator.lifecycle.ports import NewLogLine
from orchestrator.store.plain_text import storable

CHUNK_BYTES = 64 * 1024
LINE_CHARACTERS = 256 * 1024
"""A longer line is cut: a program that never ends its line must not fill the log with it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEVELS = tuple(Level)
_COMPRESSION = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """Consecutive lines of one node run. `size` counts bytes of text, `level` is the rank of the gravest line."""

    run: int
    level: int
    size: int
    lines: tuple[NewLogLine, ...]


def rank(level: Level) -> int:
    """0 for debug, rising with gravity."""
    return _LEVELS.index(level)


def chunks(lines: Sequence[NewLogLine]) -> Iterator[Chunk]:
    """Cut a batch into chunks of one run each and at most about `CHUNK_BYTES`, in order."""
    for _, group in groupby(lines, key=lambda line: line.run):
        held: list[NewLogLine] = []
        size = 0
        for line in group:
            held.append(line)
            size += line_size(line)
            if size >= CHUNK_BYTES:
                yield _chunk(held, size)
                held, size = [], 0
        if held:
            yield _chunk(held, size)


def line_size(line: NewLogLine) -> int:
    """The bytes a line counts against the limit of its node run; its line end and its group's title count too."""
    return len(_shortened(line.text).encode("utf-8", "replace")) + len(line.group) + 1


def pack(lines: Sequence[NewLogLine]) -> bytes:
    """Lines as compressed JSON."""
    rows = [
        [
            line.key,
            line.attempt,
            (line.at - _EPOCH) // timedelta(microseconds=1),
            rank(line.level),
            line.stream,
            _shortened(line.text),
            line.group,
            line.error_code,
        ]
        for line in lines
    ]
    text = storable(json.dumps(rows, ensure_ascii=False, separators=(",", ":")))
    return zlib.compress(text.encode(), _COMPRESSION)


def unpack(run: int, first: int, data: bytes) -> list[LogLine]:
    """The lines of a chunk whose first line has the id `first`."""
    return [
        LogLine(
            id=number,
            run=run,
            key=key,
            attempt=attempt,
            at=_EPOCH + timedelta(microseconds=at),
            level=_LEVELS[level],
            stream=stream,
            text=text,
            group=group,
            error_code=error_code,
        )
        for number, (key, attempt, at, level, stream, text, group, error_code) in enumerate(
            json.loads(zlib.decompress(data)), start=first
        )
    ]


def _chunk(lines: list[NewLogLine], size: int) -> Chunk:
    return Chunk(run=lines[0].run, level=max(rank(line.level) for line in lines), size=size, lines=tuple(lines))


def _shortened(text: str) -> str:
    if len(text) <= LINE_CHARACTERS:
        return text
    return f"{text[:LINE_CHARACTERS]} … ({len(text) - LINE_CHARACTERS:,} more characters)"
