"""Blobs in PostgreSQL, for workers on several machines: rows of bounded size, visible only when all are there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_once

from orchestrator.errors import BadInput, SetupError
from orchestrator.lifecycle.outage import through_outage
from orchestrator.store.blobs import is_digest, unknown
from orchestrator.store.engine import WRITE
from orchestrator.store.faults import translated
from orchestrator.store.shared_tables import blob_chunks, blobs

CHUNK_BYTES = 256 * 1024
_STREAMED = {"stream_results": True, "max_row_buffer": 4}


class PostgresBlobs:
    """`Blobs` in two tables; safe for threads and for several processes.

    The engine is the store's, which closes it. `where` names the database in errors.
    """

    def __init__(self, engine: Engine, where: str) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**WRITE)
        self._where = where

    def put(self, source: bytes | Path) -> str:
        """Store bytes, or the file at a path without reading it whole; the digest.

        `SetupError` on a full server, `Unavailable` where it cannot be reached for long; then nothing is stored.
        """
        with _opened(source) as file:
            digest, size = _measured(file)
            through_outage(lambda: self._store(digest, size, file))
        return digest

    def get(self, digest: str) -> bytes:
        """The content; `NotFound` for an unknown digest, `SetupError` where the rows no longer have their digest."""
        content = through_outage(lambda: self._content(digest))
        if hashlib.sha256(content).hexdigest() != digest:
            raise SetupError(
                f"{self._where}: the blob {digest} was changed or is damaged",
                hint="delete it, check the database, and run the node again that made it",
            )
        return content

    def has(self, digest: str) -> bool:
        with translated(self._where), self._engine.connect() as connection:
            return _has(connection, digest)

    def delete(self, digest: str) -> None:
        """Forget a blob; an unknown one is forgotten already."""
        if not is_digest(digest):
            return
        with translated(self._where), self._writer.begin() as connection:
            connection.execute(delete(blobs).where(blobs.c.digest == digest))

    def _store(self, digest: str, size: int, file: BinaryIO) -> None:
        with translated(self._where), self._writer.begin() as connection:
            # Whoever stores the same bytes meanwhile is waited for here.
            row = insert_once(blobs).values(digest=digest, size=size).on_conflict_do_nothing()
            if connection.execute(row.returning(blobs.c.digest)).first():
                file.seek(0)
                _insert(connection, digest, file)

    def _content(self, digest: str) -> bytes:
        with translated(self._where), self._engine.connect() as connection:
            if not _has(connection, digest):
                raise unknown(digest)
            return b"".join(_chunks(connection, digest))


@contextmanager
def _opened(source: bytes | Path) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield BytesIO(source)
    else:
        with source.open("rb") as file:
            yield file


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(CHUNK_BYTES):
        yield piece


def _measured(file: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for piece in _pieces(file):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def _insert(connection: Connection, digest: str, file: BinaryIO) -> None:
    stored = hashlib.sha256()
    for position, piece in enumerate(_pieces(file)):
        stored.update(piece)
        connection.execute(insert(blob_chunks), {"digest": digest, "position": position, "data": piece})
    if stored.hexdigest() != digest:
        raise BadInput("a file changed while it was stored", hint="let the node end what writes to it, and rerun")


def _has(connection: Connection, digest: str) -> bool:
    known = select(blobs.c.size).where(blobs.c.digest == digest)
    return is_digest(digest) and connection.execute(known).first() is not None


def _chunks(connection: Connection, digest: str) -> Iterator[bytes]:
    rows = select(blob_chunks.c.data).where(blob_chunks.c.digest == digest).order_by(blob_chunks.c.position)
    for (data,) in connection.execute(rows, execution_options=_STREAMED):
        yield bytes(data)
