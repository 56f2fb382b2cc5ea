"""Records as compressed JSON Lines, and back: the same record is always the same text, and nothing else is read.

The lines are a head, the dossier, each node run, each line of the log, each blob, and an end that counts them. What is
read may have been written by anybody with access to the branch: sizes are bounded before anything is unpacked, every
value has to be of the type it should be, and no field that is unknown is passed over.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle.archive.limits import PACKED_BYTES, UNPACKED_BYTES
from orchestrator.lifecycle.archive.record import Damaged, Record
from orchestrator.lifecycle.ports import Dossier, NewLogLine

if TYPE_CHECKING:
    from pydantic import TypeAdapter

VERSION: Final = 1
"""Of the form of records. A later one is refused by whoever does not know it."""

_GZIP: Final = 31
_LEVEL: Final = 6
_UPDATE: Final = "this was made by a later version of Mycelium: update this one"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Head:
    """The first line: what the record is, in what form."""

    mycelium: int
    id: str
    saved_at: datetime
    left_out: tuple[str, ...] = ()


def encode(record: Record) -> bytes:
    """The record as it lies in the branch."""
    text = "".join(f"{line}\n" for line in _lines(record))
    return gzip.compress(text.encode("ascii"), _LEVEL, mtime=0)


def digest(record: Record) -> str:
    """The same for records that say the same, whenever they were saved."""
    hashed = hashlib.sha256()
    for line in islice(_lines(record), 1, None):
        hashed.update(line.encode("ascii"))
    return hashed.hexdigest()


def decode(packed: bytes) -> Record:
    """What `encode` wrote; `Damaged` for anything else, without a word of it in the message."""
    lines = _unpacked(packed).split(b"\n")
    if lines.pop():
        raise Damaged("it ends in the middle of a line")
    try:
        return _read(lines)
    except (ValueError, TypeError, RecursionError, KeyError, IndexError) as error:
        raise Damaged(f"it is not what Mycelium writes: {_where(error)}") from error


def _lines(record: Record) -> Iterator[str]:
    dossier = record.dossier
    head = _Head(mycelium=VERSION, id=dossier.execution.id, saved_at=record.saved_at, left_out=record.left_out)
    yield _text("head", _plain(_heads(), head))
    yield _text("dossier", _plain(_dossiers(), replace(dossier, runs=())))
    yield from (_text("run", _plain(_runs(), run)) for run in dossier.runs)
    yield from (_text("log", _plain(_log(), line)) for line in record.log)
    for _, content in sorted(record.blobs.items()):
        yield _text("blob", b64encode(content).decode("ascii"))
    yield _text("end", len(dossier.runs) + len(record.log) + len(record.blobs))


def _read(lines: Sequence[bytes]) -> Record:
    head = _of("head", lines[0], _heads())
    if head.mycelium != VERSION:
        raise Damaged(f"its form is {head.mycelium}, and {VERSION} is known here", hint=_UPDATE)
    dossier = _of("dossier", lines[1], _dossiers())
    body, (kind, count) = lines[2:-1], json.loads(lines[-1])
    if kind != "end" or count != len(body):
        raise Damaged("its end is missing")
    runs = [_of("run", line, _runs()) for line in _kind(body, "run")]
    log = [_of("log", line, _log()) for line in _kind(body, "log")]
    blobs = [_blob(line) for line in _kind(body, "blob")]
    if len(runs) + len(log) + len(blobs) != len(body) or dossier.runs or head.id != dossier.execution.id:
        raise Damaged("its lines do not belong together")
    return Record(
        dossier=replace(dossier, runs=tuple(runs)),
        saved_at=head.saved_at,
        log=tuple(log),
        blobs={hashlib.sha256(content).hexdigest(): content for content in blobs},
        left_out=head.left_out,
    )


def _unpacked(packed: bytes) -> bytes:
    if len(packed) > PACKED_BYTES:
        raise Damaged(f"it has {len(packed):,} bytes, and {PACKED_BYTES:,} are read")
    unpacking = zlib.decompressobj(_GZIP)
    try:
        text = unpacking.decompress(packed, UNPACKED_BYTES)
    except zlib.error as error:
        raise Damaged("it is not compressed as records are") from error
    if not unpacking.eof or unpacking.unused_data:
        if unpacking.unconsumed_tail:
            raise Damaged(f"it becomes more than {UNPACKED_BYTES:,} bytes")
        raise Damaged("it is cut, or something follows it")
    return text


def _text(kind: str, value: object) -> str:
    return json.dumps([kind, value], separators=(",", ":"))


def _kind(lines: Sequence[bytes], kind: str) -> Iterator[bytes]:
    begin = f'["{kind}",'.encode()
    return (line for line in lines if line.startswith(begin))


def _plain(adapter: TypeAdapter[Any], value: object) -> object:
    return adapter.dump_python((value,), mode="json")[0]


def _of(kind: str, line: bytes, adapter: TypeAdapter[Any]) -> Any:
    begin = f'["{kind}",'.encode()
    if not line.startswith(begin):
        raise Damaged(f"its {kind} is missing")
    return adapter.validate_json(b"[" + line[len(begin) :])[0]


def _blob(line: bytes) -> bytes:
    return b64decode(json.loads(line)[1], validate=True)


def _where(error: Exception) -> str:
    """The field that is wrong, and why; values stay out, for they are anybody's."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        return f"{'.'.join(map(str, first['loc'][1:]))[:200]}: {first['type']}"
    return type(error).__name__


def _strict(of: Any) -> TypeAdapter[Any]:
    """Of a tuple, because the settings would not reach a dataclass by itself."""
    from pydantic import ConfigDict, TypeAdapter

    return TypeAdapter(tuple[of], config=ConfigDict(extra="forbid", strict=True))


@cache
def _heads() -> TypeAdapter[Any]:
    return _strict(_Head)


@cache
def _dossiers() -> TypeAdapter[Any]:
    return _strict(Dossier)


@cache
def _runs() -> TypeAdapter[Any]:
    return _strict(NodeRun)


@cache
def _log() -> TypeAdapter[Any]:
    return _strict(NewLogLine)
