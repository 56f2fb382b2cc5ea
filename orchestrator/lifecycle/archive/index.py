"""The index of the branch: a line for each record, so that one is found without reading the others.

It only says where to look. What it says of an execution is believed when the record says the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from orchestrator.errors import BadInput, NotFound, SetupError
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.archive.checked import IDENTIFIER
from orchestrator.lifecycle.archive.entry import Entry
from orchestrator.lifecycle.archive.limits import INDEX_BYTES
from orchestrator.lifecycle.archive.record import Damaged
from orchestrator.lifecycle.archive.strict import strict
from orchestrator.lifecycle.ports.record_branch import Tip

if TYPE_CHECKING:
    from pydantic import TypeAdapter

INDEX: Final = "index.jsonl"
VERSION: Final = 1
_SHORTEST_PREFIX: Final = 4
_PATH: Final = re.compile(r"executions/[0-9]{4}/[0-9]{2}/[0-9a-z-]+\.jsonl\.gz")


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The first line: the form of the branch, when its commits were last made one, and by workflow the highest number
    of those records that were dropped then."""

    mycelium: int = VERSION
    squashed_at: datetime | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """All entries by id."""

    head: Head = Head()
    entries: Mapping[str, Entry] = field(default_factory=dict)


def path_of(execution: Execution) -> str:
    """Where the record of an execution lies in the branch."""
    return f"executions/{execution.created_at:%Y/%m}/{execution.id}.jsonl.gz"


def dump(index: Index) -> bytes:
    """The file, sorted by id; `SetupError` where nobody would read it."""
    lines = [_line(_heads(), index.head), *(_line(_entries(), entry) for _, entry in sorted(index.entries.items()))]
    text = "".join(f"{line}\n" for line in lines).encode("ascii")
    if len(text) > INDEX_BYTES:
        what = f"{INDEX} of the history would have {len(text):,} bytes, and {INDEX_BYTES:,} are read"
        raise SetupError(what, hint="`mycelium history squash --drop-after DAYS` makes room")
    return text


def load(text: bytes) -> Index:
    """What `dump` wrote; `Damaged` for anything else."""
    if len(text) > INDEX_BYTES:
        raise Damaged(f"{INDEX} has {len(text):,} bytes, and {INDEX_BYTES:,} are read")
    first, *rest = text.splitlines() or [b""]
    try:
        head = _heads().validate_json(b"[" + first + b"]")[0]
        if head.mycelium != VERSION:
            raise Damaged(
                f"the form of the branch is {head.mycelium}, and {VERSION} is known here", hint="update Mycelium"
            )
        found = _many().validate_json(b"[" + b",".join(rest) + b"]")
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{INDEX} is not what Mycelium writes") from error
    entries = {entry.id: entry for entry in found}
    if len(entries) < len(found) or not all(map(_is_plain, found)):
        raise Damaged(f"{INDEX} names an execution twice, or a file that is no record")
    return Index(head=head, entries=entries)


def index_of(tip: Tip) -> Index:
    """That of the branch; an empty one where there is no branch. `SetupError` for a branch of something else."""
    if tip.commit is None:
        return Index()
    found = tip.read([INDEX]).get(INDEX)
    if found is None:
        raise SetupError(
            f"the branch holds something else than a history: it has no {INDEX}",
            hint="set MYCELIUM_HISTORY_BRANCH to a branch that is not there yet",
        )
    return load(found)


def named(entries: Collection[Entry], reference: str) -> Entry:
    """The one that `reference` means, as in `Store.find`. `NotFound`, and `BadInput` where it means several."""
    if reference == "latest" and entries:
        return max(entries, key=lambda entry: entry.id)
    found = [entry for entry in entries if entry.id == reference]
    if not found and len(reference) >= _SHORTEST_PREFIX:
        found = [entry for entry in entries if entry.id.startswith(reference)]
    if len(found) > 1:
        raise BadInput(f"several executions in the history begin with {reference}", hint="give more of the id")
    if not found:
        raise NotFound(f"the history has no execution {reference}", hint="`mycelium history list` shows what there is")
    return found[0]


def _is_plain(entry: Entry) -> bool:
    aware = all(at.tzinfo for at in (entry.created_at, entry.saved_at, entry.held_at, entry.due) if at is not None)
    named = entry.path.rpartition("/")[2] == f"{entry.id}.jsonl.gz"
    return bool(aware and named and IDENTIFIER.fullmatch(entry.id) and _PATH.fullmatch(entry.path))


def _line(adapter: TypeAdapter[Any], value: object) -> str:
    return json.dumps(adapter.dump_python((value,), mode="json")[0], separators=(",", ":"))


@cache
def _heads() -> TypeAdapter[Any]:
    return strict(tuple[Head])


@cache
def _entries() -> TypeAdapter[Any]:
    return strict(tuple[Entry])


@cache
def _many() -> TypeAdapter[Any]:
    return strict(tuple[Entry, ...])
