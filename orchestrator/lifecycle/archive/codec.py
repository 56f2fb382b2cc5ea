"""Records as compressed JSON Lines, and back: the same record is always the same text, and nothing else is read.

The lines are a head, the dossier, each node run, each line of the log, each blob, and an end that counts them. What is
read may have been written by anybody with access to the branch: sizes are bounded before anything is unpacked, every
value has to be of the type it should be, and no field that is unknown is passed over.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any, Final

from orchestrator.errors import SetupError
from orchestrator.execution.log_line import LogLine
from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle.archive.limits import PACKED_BYTES, UNPACKED_BYTES
from orchestrator.lifecycle.archive.record import Damaged, Record
from orchestrator.lifecycle.archive.strict import strict
from orchestrator.lifecycle.ports import Dossier, NewLogLine

if TYPE_CHECKING:
    from pydantic import TypeAdapter

VERSION: Final = 1
"""Of the form of records. A later one is refused by whoever does not know it."""

_GZIP: Final = 31
_LEVEL: Final = 6
_BEGIN: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""A file of gzip that tells neither when nor where it was made."""

_BARE_LINE: Final = 170
"""Bytes of a line of the log whose texts are empty: the names of its fields, its time and numbers of some digits."""

_BATCH: Final = 1000
_JSON: Final = json.JSONEncoder(separators=(",", ":")).encode
_UPDATE: Final = "this was made by a later version of Mycelium: update this one"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Head:
    """The first line: what the record is, in what form."""

    mycelium: int
    id: str
    saved_at: datetime
    left_out: tuple[str, ...] = ()


class TooLarge(SetupError):
    """A record is beyond what would be read."""

    def __init__(self, record: Record, size: int, limit: int, form: str) -> None:
        what = (
            f"the record of execution {record.dossier.execution.id} has {size:,} bytes {form}, and {limit:,} are kept"
        )
        super().__init__(what, hint="give its nodes smaller outputs, and let them keep fewer and smaller files")


class Body:
    """All of a record but its head and its dossier, made text and compressed once.

    Saving is tried anew where others were quicker, and then only moment and number differ, which stand in those two
    lines. What takes the time of a large record is not done again.
    """

    def __init__(self, record: Record) -> None:
        self._text = "".join(f"{line}\n" for line in _body(record)).encode("ascii")

    def digest(self, record: Record) -> str:
        """The same for records that say the same, whenever they were saved."""
        hashed = hashlib.sha256(f"{_dossier(record)}\n".encode("ascii"))
        hashed.update(self._text)
        return hashed.hexdigest()

    def encode(self, record: Record) -> bytes:
        """The record as it lies in the branch; `TooLarge` where nobody would read it."""
        first = f"{_head(record)}\n{_dossier(record)}\n".encode("ascii")
        size = len(first) + len(self._text)
        if size > UNPACKED_BYTES:
            raise TooLarge(record, size, UNPACKED_BYTES, "as text")
        # https://www.rfc-editor.org/rfc/rfc1952: what is compressed in parts is one file for whoever reads it.
        end = struct.pack("<LL", zlib.crc32(self._text, zlib.crc32(first)), size % 2**32)
        packed = b"".join((_BEGIN, _deflated(first, zlib.Z_SYNC_FLUSH), self._compressed, end))
        if len(packed) > PACKED_BYTES:
            raise TooLarge(record, len(packed), PACKED_BYTES, "compressed")
        return packed

    @cached_property
    def _compressed(self) -> bytes:
        return _deflated(self._text, zlib.Z_FINISH)


def encode(record: Record) -> bytes:
    """As `Body.encode`."""
    return Body(record).encode(record)


def digest(record: Record) -> str:
    """As `Body.digest`."""
    return Body(record).digest(record)


def size_of(line: LogLine) -> int:
    """Bytes that a line of the log takes in a record, or a few more."""
    texts = (line.text, line.key, line.stream, line.group, line.error_code or "")
    return _BARE_LINE + sum(len(encode_basestring_ascii(text)) for text in texts)


def decode(packed: bytes) -> Record:
    """What `encode` wrote; `Damaged` for anything else, without a word of it in the message."""
    lines = _unpacked(packed).split(b"\n")
    if lines.pop():
        raise Damaged("it ends in the middle of a line")
    try:
        return _read(lines)
    except (ValueError, TypeError, RecursionError, KeyError, IndexError) as error:
        raise Damaged(f"it is not what Mycelium writes: {_where(error)}") from error


def _head(record: Record) -> str:
    id_ = record.dossier.execution.id
    head = _Head(mycelium=VERSION, id=id_, saved_at=record.saved_at, left_out=record.left_out)
    return _text("head", _plain(_heads(), head))


def _dossier(record: Record) -> str:
    return _text("dossier", _plain(_dossiers(), replace(record.dossier, runs=())))


def _body(record: Record) -> Iterator[str]:
    dossier = record.dossier
    yield from _texts("run", _runs(), dossier.runs)
    yield from _texts("log", _log(), record.log)
    for _, content in sorted(record.blobs.items()):
        yield _text("blob", b64encode(content).decode("ascii"))
    yield _text("end", len(dossier.runs) + len(record.log) + len(record.blobs))


def _texts(kind: str, adapter: TypeAdapter[Any], values: Sequence[object]) -> Iterator[str]:
    """A line for each. Together they are made plain in a quarter of the time."""
    for start in range(0, len(values), _BATCH):
        for value in adapter.dump_python(tuple(values[start : start + _BATCH]), mode="json"):
            yield _text(kind, value)


def _deflated(text: bytes, how: int) -> bytes:
    deflating = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflating.compress(text) + deflating.flush(how)


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
    return _JSON([kind, value])


def _kind(lines: Sequence[bytes], kind: str) -> Iterator[bytes]:
    begin = f'["{kind}",'.encode()
    return (line for line in lines if line.startswith(begin))


def _plain(adapter: TypeAdapter[Any], value: object) -> object:
    return adapter.dump_python((value,), mode="json")[0]


def _of(kind: str, line: bytes, adapter: TypeAdapter[Any]) -> Any:
    begin = f'["{kind}",'.encode()
    if not line.startswith(begin):
        raise Damaged(f"its {kind} is missing")
    (found,) = adapter.validate_json(b"[" + line[len(begin) :])
    return found


def _blob(line: bytes) -> bytes:
    return b64decode(json.loads(line)[1], validate=True)


def _where(error: Exception) -> str:
    """The field that is wrong, and why; values stay out, for they are anybody's."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        return f"{'.'.join(map(str, first['loc'][1:]))[:200]}: {first['type']}"
    return type(error).__name__


@cache
def _heads() -> TypeAdapter[Any]:
    return strict(tuple[_Head])


@cache
def _dossiers() -> TypeAdapter[Any]:
    return strict(tuple[Dossier])


@cache
def _runs() -> TypeAdapter[Any]:
    return strict(tuple[NodeRun, ...])


@cache
def _log() -> TypeAdapter[Any]:
    return strict(tuple[NewLogLine, ...])
