"""Git's index of a new work tree: read, and given the times and places of its files.

Most builds of git compare times by the second. A file that was written in the same second as its index could have
changed since without a trace, so every command reads it again, for as long as that index lives. A work tree that is
checked out within a second is such a case through and through. Dated back by two seconds, no file is: whoever changes
one gives it another time.
"""

from __future__ import annotations

import hashlib
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SUBMODULE = 0o160000
LINK = 0o120000
EXECUTABLE = 0o100755
_SECONDS_BACK = 2
_SECOND = 1_000_000_000
_HEADER = struct.Struct(">4sLL")
_VERSION = 2
_STAT = struct.Struct(">LLLLLLLLLL")
_PLACE = struct.Struct(">LLLLLL")
_OWNER = struct.Struct(">LL")
_OWNER_AT = 28
_FLAG_BYTES = 2
_WORD = 0xFFFFFFFF


class Entry(NamedTuple):
    """A file of an index: its path, its mode as git has it, its bytes on disk; `at` is its place in the index."""

    path: bytes
    mode: int
    size: int
    at: int


class Index:
    """The content of an index file. `ValueError` for another version than git writes by default, or a broken one."""

    def __init__(self, content: bytes, object_format: str) -> None:
        self._content = bytearray(content)
        self._format = object_format
        self._digest_size = _hash(object_format).digest_size
        if len(content) < _HEADER.size + self._digest_size:
            raise ValueError("an index is longer")
        signature, version, self._count = _HEADER.unpack_from(self._content)
        if (signature, version) != (b"DIRC", _VERSION):
            raise ValueError(f"not an index of version {_VERSION}")

    def entries(self) -> Iterator[Entry]:
        """All files, in the order of their paths."""
        content = bytes(self._content)
        fixed = _STAT.size + self._digest_size + _FLAG_BYTES
        at = _HEADER.size
        for _ in range(self._count):
            end = content.index(0, at + fixed)
            stat = _STAT.unpack_from(content, at)
            yield Entry(content[at + fixed : end], stat[6], stat[9], at)
            # An entry ends with one to eight zeros, at a multiple of eight bytes from its start.
            at += (end - at + 8) & ~7

    def note(self, entry: Entry, found: os.stat_result) -> None:
        """Write down what git compares, to see whether the file has changed."""
        changed, changed_rest = divmod(found.st_ctime_ns, _SECOND)
        written, written_rest = divmod(found.st_mtime_ns, _SECOND)
        times = (changed & _WORD, changed_rest, written & _WORD, written_rest)
        _PLACE.pack_into(self._content, entry.at, *times, found.st_dev & _WORD, found.st_ino & _WORD)
        _OWNER.pack_into(self._content, entry.at + _OWNER_AT, found.st_uid & _WORD, found.st_gid & _WORD)

    def finished(self) -> bytes:
        """The content with its checksum."""
        body = self._content[: -self._digest_size]
        return bytes(body) + _hash(self._format, body).digest()


def past() -> int:
    """The time that new files get, in nanoseconds."""
    return time.time_ns() - _SECONDS_BACK * _SECOND


def date_back(path: Path, work_tree: Path, *, object_format: str) -> None:
    """Date the files of a work tree that nobody else uses yet back, and note their new times in its index.

    An index that cannot be read here stays as it is, which is slower and no less right.
    """
    try:
        index = Index(path.read_bytes(), object_format)
    except ValueError:
        return
    moment, root = past(), bytes(work_tree) + b"/"
    for entry in index.entries():
        if entry.mode != SUBMODULE:
            place = root + entry.path
            os.utime(place, ns=(moment, moment), follow_symlinks=False)
            index.note(entry, os.lstat(place))
    path.write_bytes(index.finished())


def _hash(object_format: str, content: bytes | bytearray = b"") -> hashlib._Hash:
    return hashlib.new(object_format, content, usedforsecurity=False)
