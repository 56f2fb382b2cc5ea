"""The limit of a node run's log: its head and its tail stay, and a line between them tells what was dropped."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from orchestrator.execution.state import Level, LogLine
from orchestrator.lifecycle.ports import NewLogLine
from orchestrator.store.log_chunk import Chunk, pack, rank, unpack

LIMIT_BYTES = 50_000_000


@dataclass(kw_only=True, slots=True)
class Volume:
    """What a node run's log holds, in bytes of text, and what was dropped; `cut_id` is the id of the first line."""

    head: int = 0
    tail: int = 0
    cut_id: int | None = None
    cut_lines: int = 0
    cut_bytes: int = 0


def make_room(connection: sqlite3.Connection, execution_id: str, chunk: Chunk, limit: int) -> bool:
    """Count `chunk` in, and drop the oldest lines of the tail that are too much; whether it belongs to the tail."""
    volume = _load(connection, execution_id, chunk.run)
    in_tail = volume.tail > 0 or volume.head + chunk.size > limit // 2
    if in_tail:
        volume.tail += chunk.size
        _drop_oldest(connection, execution_id, chunk.run, volume, limit // 2)
    else:
        volume.head += chunk.size
    _save(connection, execution_id, chunk.run, volume)
    return in_tail


def _drop_oldest(connection: sqlite3.Connection, execution_id: str, run: int, volume: Volume, limit: int) -> None:
    """Chunks of the tail go, oldest first; what is about to be written stays, however large it is."""
    doomed = _doomed(connection, execution_id, run, volume, limit)
    if not doomed:
        return
    first_row, first_id = doomed[0][:2]
    (data,) = connection.execute("SELECT data FROM chunks WHERE rowid = ?", (first_row,)).fetchone()
    dropped = unpack(run, first_id, data)[0]
    connection.executemany("DELETE FROM chunks WHERE rowid = ?", [(row,) for row, *_ in doomed])
    volume.tail -= sum(size for *_, size in doomed)
    volume.cut_bytes += sum(size for *_, size in doomed)
    volume.cut_lines += sum(last - first + 1 for _, first, last, _ in doomed)
    _mark_cut(connection, execution_id, volume, dropped)


def _doomed(
    connection: sqlite3.Connection, execution_id: str, run: int, volume: Volume, limit: int
) -> list[tuple[int, int, int, int]]:
    """Row, first id, last id and size of the chunks to drop."""
    query = (
        "SELECT rowid, first, last, size FROM chunks "
        "WHERE execution_id = ? AND run = ? AND last > ? AND tail ORDER BY last"
    )
    doomed: list[tuple[int, int, int, int]] = []
    excess = volume.tail - limit
    for row in connection.execute(query, (execution_id, run, volume.cut_id or 0)):
        if excess <= 0:
            break
        doomed.append(row)
        excess -= row[3]
    return doomed


def _mark_cut(connection: sqlite3.Connection, execution_id: str, volume: Volume, dropped: LogLine) -> None:
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
    place = (execution_id, volume.cut_id)
    connection.execute("DELETE FROM chunks WHERE execution_id = ? AND last = ?", place)
    connection.execute(
        "INSERT INTO chunks (execution_id, last, first, run, level, size, tail, data) VALUES (?,?,?,?,?,0,0,?)",
        (*place, volume.cut_id, dropped.run, rank(Level.WARNING), pack([marker])),
    )


def _load(connection: sqlite3.Connection, execution_id: str, run: int) -> Volume:
    query = "SELECT head, tail, cut_id, cut_lines, cut_bytes FROM volumes WHERE execution_id = ? AND run = ?"
    row = connection.execute(query, (execution_id, run)).fetchone()
    if row is None:
        return Volume()
    head, tail, cut_id, cut_lines, cut_bytes = row
    return Volume(head=head, tail=tail, cut_id=cut_id, cut_lines=cut_lines, cut_bytes=cut_bytes)


def _save(connection: sqlite3.Connection, execution_id: str, run: int, volume: Volume) -> None:
    connection.execute(
        "REPLACE INTO volumes (execution_id, run, head, tail, cut_id, cut_lines, cut_bytes) VALUES (?,?,?,?,?,?,?)",
        (execution_id, run, volume.head, volume.tail, volume.cut_id, volume.cut_lines, volume.cut_bytes),
    )
