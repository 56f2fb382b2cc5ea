"""Blobs in a folder: each file is named by the sha256 of its content, and appears only when complete."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from orchestrator.errors import NotFound, SetupError

_CHUNK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")


class FolderBlobs:
    """`Blobs` below one folder, as `ab/cdef…`; safe for threads and for several processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, source: bytes | Path) -> str:
        """Store bytes, or the file at a path without reading it whole; the digest. `SetupError` on a full disk."""
        with _explained(self._folder):
            if isinstance(source, bytes):
                return self._write([source])
            with source.open("rb") as file:
                return self._write(_chunks(file))

    def get(self, digest: str) -> bytes:
        """The content; `NotFound` for an unknown digest, `SetupError` where the file no longer has its digest."""
        try:
            content = self._path(digest).read_bytes()
        except FileNotFoundError as error:
            raise unknown(digest) from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise SetupError(
                f"{self._path(digest)}: the file was changed or is damaged",
                hint="delete it, check the disk, and run the node again that made it",
            )
        return content

    def has(self, digest: str) -> bool:
        return is_digest(digest) and self._path(digest).is_file()

    def delete(self, digest: str) -> None:
        """Forget a blob; an unknown one is forgotten already."""
        if self.has(digest):
            self._path(digest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        # A digest may come from a page's address: nothing but hex ever becomes a path.
        if not is_digest(digest):
            raise unknown(digest)
        return self._folder / digest[:2] / digest[2:]

    def _write(self, chunks: Iterator[bytes] | list[bytes]) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix="incoming-")
        unfinished = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                digest = _copy(chunks, file)
            self._publish(unfinished, self._path(digest))
        finally:
            unfinished.unlink(missing_ok=True)
        return digest

    def _publish(self, unfinished: Path, final: Path) -> None:
        if final.is_file():
            return
        if not final.parent.is_dir():
            final.parent.mkdir(exist_ok=True)
            _sync_folder(self._folder)
        unfinished.replace(final)
        _sync_folder(final.parent)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _copy(chunks: Iterator[bytes] | list[bytes], file: BinaryIO) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        file.write(chunk)
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    """A new name is on disk only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SetupError(f"{folder}: the disk is full", hint="free some space and run the node again") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR):
            raise SetupError(f"{error.filename or folder}: {error.strerror}", hint="check permissions") from error
        raise


def is_digest(text: str) -> bool:
    """Whether a blob can have this name: the sha256 in lower-case hex."""
    return _DIGEST.fullmatch(text) is not None


def unknown(digest: str) -> NotFound:
    """Nothing was stored under this name, or it is none."""
    return NotFound(f"there is no blob {digest}")
