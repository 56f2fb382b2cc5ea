"""The limit of a node run's log: its head and its tail stay, and a line between them tells what was dropped."""

from __future__ import annotations

from orchestrator.execution.log_line import Level, LogLine
from orchestrator.lifecycle.ports import NewLogLine
from orchestrator.store.log_chunk import Chunk, rank
from orchestrator.store.log_rows import ChunkRow, LogRows, Span, Volume

LIMIT_BYTES = 50_000_000


def make_room(rows: LogRows, chunk: Chunk, limit: int) -> bool:
    """Count `chunk` in, and drop the oldest lines of the tail that are too much; whether it belongs to the tail."""
    volume = rows.volume(chunk.run)
    in_tail = volume.tail > 0 or volume.head + chunk.size > limit // 2
    if in_tail:
        volume.tail += chunk.size
        _drop_oldest(rows, chunk.run, volume, limit // 2)
    else:
        volume.head += chunk.size
    rows.save_volume(chunk.run, volume)
    return in_tail


def _drop_oldest(rows: LogRows, run: int, volume: Volume, limit: int) -> None:
    """Chunks of the tail go, oldest first; what is about to be written stays, however large it is."""
    doomed = _doomed(rows, run, volume, limit)
    if not doomed:
        return
    dropped = rows.first_line(doomed[0])
    for chunk in doomed:
        rows.remove(chunk.last)
    volume.tail -= sum(chunk.size for chunk in doomed)
    volume.cut_bytes += sum(chunk.size for chunk in doomed)
    volume.cut_lines += sum(chunk.last - chunk.first + 1 for chunk in doomed)
    _mark_cut(rows, volume, dropped)


def _doomed(rows: LogRows, run: int, volume: Volume, limit: int) -> list[Span]:
    doomed: list[Span] = []
    excess = volume.tail - limit
    if excess <= 0:
        return doomed
    for chunk in rows.tail(run, volume.cut_id or 0):
        doomed.append(chunk)
        excess -= chunk.size
        if excess <= 0:
            break
    return doomed


def _mark_cut(rows: LogRows, volume: Volume, dropped: LogLine) -> None:
    """One line of ours in place of all that was dropped; it keeps the id of the first of them."""
    if volume.cut_id is None:
        volume.cut_id = dropped.id
    marker = NewLogLine(
        run=dropped.run,
        key=dropped.key,
        attempt=dropped.attempt,
        at=dropped.at,
        level=Level.WARNING,
        stream="mycelium",
        text=f"{volume.cut_lines:,} lines ({volume.cut_bytes / 1e6:,.1f} MB) are left out here: the log is too long",
    )
    rows.remove(volume.cut_id)
    rows.add(ChunkRow.of([marker], last=volume.cut_id, run=dropped.run, level=rank(Level.WARNING), size=0, tail=False))
