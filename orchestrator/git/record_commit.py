"""A commit on a branch of records, as `git fast-import` makes it without a checkout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from orchestrator.errors import BadInput
from orchestrator.git.gitdir import EMAIL, NAME
from orchestrator.git.record_tip import FetchedTip
from orchestrator.lifecycle.ports.record_branch import Change

_LONGEST_NAME: Final = 400


def commit_stream(tip: FetchedTip, change: Change, at: int) -> Iterator[bytes]:
    """What `git fast-import` reads: https://git-scm.com/docs/git-fast-import"""
    message = change.message.encode("utf-8", "replace")
    yield f"commit refs/mycelium/next\nmark :1\ncommitter {NAME} <{EMAIL}> {at} +0000\n".encode()
    yield b"data %d\n%b\n" % (len(message), message)
    if tip.commit and change.alone:
        yield f'M 040000 {tip.tree} ""\n'.encode()
    elif tip.commit:
        yield f"from {tip.commit}\n".encode()
    for path in sorted(change.remove):
        yield f"D {_quoted(path)}\n".encode()
    for path, content in sorted(change.put.items()):
        yield f"M 100644 inline {_quoted(path)}\ndata {len(content)}\n".encode()
        yield content
        yield b"\n"
    yield b"get-mark :1\ndone\n"


def _quoted(path: str) -> str:
    """A path as `git fast-import` reads it; only plain ones are written."""
    if not path or len(path) > _LONGEST_NAME or not path.isascii() or not path.isprintable() or '"' in path:
        raise BadInput(f"{path[:80]!r} is no path for a record")
    if "\\" in path or os.path.normpath(path) != path or path.startswith(("/", "..")):
        raise BadInput(f"{path[:80]!r} is no path for a record")
    return path
