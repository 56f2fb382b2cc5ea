"""Reading the record that a line of the index names."""

from __future__ import annotations

from orchestrator.lifecycle.archive.checked import check
from orchestrator.lifecycle.archive.codec import decode
from orchestrator.lifecycle.archive.entry import Entry
from orchestrator.lifecycle.archive.record import Damaged, Record


def read(entry: Entry, content: bytes | None) -> Record:
    """What the branch has at its path, None where that is nothing; `Damaged`, with that path, unless it is whole, and
    what the index says."""
    try:
        return _read(entry, content)
    except Damaged as error:
        what = f"{entry.path} in the history cannot be read: {error.message}"
        raise Damaged(what, hint=error.hint) from error


def _read(entry: Entry, content: bytes | None) -> Record:
    if content is None:
        raise Damaged("the index names it, and it is not there, or far too large")
    record = decode(content)
    check(record, entry.id)
    if record.saved_at != entry.saved_at:
        raise Damaged("it is another state of the execution than the index says")
    return record
