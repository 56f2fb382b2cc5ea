"""Git's index of a new work tree, made so that later commands need not read every file again.

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
from pathlib import Path

_SECONDS_BACK = 2
_HEADER = struct.Struct(">4sLL")
_VERSION = 2
_TIMES = struct.Struct(">LLLL")
_MODE = struct.Struct(">L")
_MODE_AT = 24
_SUBMODULE = 0o160000
_STAT_BYTES = 40
_FLAG_BYTES = 2
_WORD = 0xFFFFFFFF


def date_back(index: Path, work_tree: Path, *, object_format: str) -> None:
    """Date the files of a work tree that nobody else uses yet back, and note their new times in its index.

    An index of another version than git writes by default stays as it is, which is slower and no less right.
    """
    content = bytearray(index.read_bytes())
    digest = hashlib.new(object_format)
    signature, version, entries = _HEADER.unpack_from(content)
    if (signature, version) != (b"DIRC", _VERSION):
        return
    moment = time.time_ns() - _SECONDS_BACK * 1_000_000_000
    root = bytes(work_tree) + b"/"
    fixed = _STAT_BYTES + digest.digest_size + _FLAG_BYTES
    at = _HEADER.size
    for _ in range(entries):
        end = content.index(0, at + fixed)
        if _MODE.unpack_from(content, at + _MODE_AT)[0] != _SUBMODULE:
            _TIMES.pack_into(content, at, *_dated(root + content[at + fixed : end], moment))
        # An entry ends with one to eight zeros, at a multiple of eight bytes from its start.
        at += (end - at + 8) & ~7
    digest.update(memoryview(content)[: -digest.digest_size])
    content[-digest.digest_size :] = digest.digest()
    index.write_bytes(content)


def _dated(path: bytes, moment: int) -> tuple[int, int, int, int]:
    """Set a file's time; its times of change, of itself and of its content, as an index has them."""
    os.utime(path, ns=(moment, moment), follow_symlinks=False)
    found = os.lstat(path)
    return (*_split(found.st_ctime_ns), *_split(found.st_mtime_ns))


def _split(nanoseconds: int) -> tuple[int, int]:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return seconds & _WORD, rest
