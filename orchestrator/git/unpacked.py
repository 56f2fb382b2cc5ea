"""A commit's files in one file, as they lie in a work tree, so that writing them again takes no git.

It has a checksum, the index of a work tree that git has filled, and the content of all files in the order of that
index: line ends and all else are git's doing.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator.git.index import EXECUTABLE, LINK, SUBMODULE, Entry, Index, past

MAX_BYTES = 32_000_000
# Another number makes those that are kept invalid: whenever the settings change with which git checks out.
_FORMAT = b"mycelium unpacked 1\n"
_LENGTH = struct.Struct(">Q")
_DIGEST_BYTES = 32


class Unpacked:
    """The content of such a file; `ValueError` when it is damaged."""

    def __init__(self, content: bytes, object_format: str) -> None:
        digest, body = content[:_DIGEST_BYTES], memoryview(content)[_DIGEST_BYTES:]
        if _digest(body) != digest:
            raise ValueError("the checksum does not fit")
        (length,) = _LENGTH.unpack_from(body)
        self._index = Index(bytes(body[_LENGTH.size :][:length]), object_format)
        self._contents = body[_LENGTH.size + length :]

    def write(self, work_tree: Path) -> bytes:
        """Write all files into an empty folder; the index that fits them. `FileExistsError` if one is in the way."""
        moment, root = past(), bytes(work_tree) + b"/"
        made = {b""}
        start = 0
        for entry in self._index.entries():
            folder = entry.path.rpartition(b"/")[0]
            if folder not in made:
                _make_folders(root, folder, made)
            if entry.mode == SUBMODULE:
                _make_folders(root, entry.path, made)
                continue
            content = self._contents[start : start + entry.size]
            start += entry.size
            self._index.note(entry, _written(root + entry.path, entry.mode, content, moment))
        return self._index.finished()


def packed_up(work_tree: Path, index: Path, object_format: str) -> bytes:
    """What `Unpacked` reads, of a work tree nobody has changed. `ValueError` if it is too large, or of another kind."""
    raw = index.read_bytes()
    files = [entry for entry in Index(raw, object_format).entries() if entry.mode != SUBMODULE]
    if len(raw) + sum(entry.size for entry in files) > MAX_BYTES:
        raise ValueError(f"the files have more than {MAX_BYTES:,} bytes")
    body = b"".join((_LENGTH.pack(len(raw)), raw, *_contents(bytes(work_tree) + b"/", files)))
    return _digest(body) + body


def _digest(body: bytes | memoryview) -> bytes:
    digest = hashlib.sha256(_FORMAT)
    digest.update(body)
    return digest.digest()


def _contents(root: bytes, files: Sequence[Entry]) -> Iterator[bytes]:
    for entry in files:
        place = root + entry.path
        content = os.readlink(place) if entry.mode == LINK else _read(place)  # noqa: PTH115 - a path of bytes
        if len(content) != entry.size:
            raise ValueError(f"{os.fsdecode(entry.path)} has another size than its index says")
        yield content


def _read(place: bytes) -> bytes:
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _make_folders(root: bytes, folder: bytes, made: set[bytes]) -> None:
    if folder not in made:
        _make_folders(root, folder.rpartition(b"/")[0], made)
        os.mkdir(root + folder)  # noqa: PTH102 - a path of bytes
        made.add(folder)


def _written(place: bytes, mode: int, content: memoryview, moment: int) -> os.stat_result:
    """Write one file that is not there yet, dated back; what is on the disk now."""
    if mode == LINK:
        os.symlink(bytes(content), place)  # noqa: PTH211 - a path of bytes
        os.utime(place, ns=(moment, moment), follow_symlinks=False)
        return os.lstat(place)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(place, flags, 0o777 if mode == EXECUTABLE else 0o666)
    try:
        while content:
            content = content[os.write(descriptor, content) :]
        os.utime(descriptor, ns=(moment, moment))
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)
