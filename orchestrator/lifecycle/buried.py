"""Finding known values in the bytes of files: as text of any encoding, in base64, hexadecimal, and what is packed.

What cannot be looked through, because it unpacks to too much or is encrypted, counts as holding one: nobody has seen
that it does not.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from orchestrator.lifecycle.masking import Mask

MOST_UNPACKED: Final = 200_000_000
"""Bytes to which one file may unpack, all that lies in it together."""

DEEPEST: Final = 3
"""Packed files within packed files."""

_CHUNK: Final = 1 << 20
_WIDE: Final = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_LINE_ENDS: Final = b"\r\n"
_END_OF_ZIP: Final = b"PK\5\6"
_ENCRYPTED: Final = 1
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, NotImplementedError, ValueError)


class Searcher:
    """Looks for the values of a mask in files; made once for many of them."""

    def __init__(self, mask: Mask) -> None:
        wide = (value.encode(name, "surrogatepass") for value in mask.values for name in _WIDE)
        self._needles = [*(form.encode("utf-8", "surrogatepass") for form in mask.forms), *wide]

    def found_in(self, content: bytes) -> bool:
        """Whether a file with these bytes holds one of the values, or cannot be looked through."""
        try:
            return bool(self._needles) and any(map(self._holds, _opened(content, _Room(), DEEPEST)))
        except _TooMuch:
            return True

    def _holds(self, content: bytes) -> bool:
        if any(needle in content for needle in self._needles):
            return True
        # Base64 and hexadecimal are written in lines.
        joined = content.translate(None, _LINE_ENDS)
        return len(joined) != len(content) and any(needle in joined for needle in self._needles)


class _TooMuch(Exception):
    """A file holds more than anybody looks through."""


class _Room:
    """What may still come out of one file."""

    def __init__(self) -> None:
        self._left = MOST_UNPACKED

    def all_of(self, read: Callable[[int], bytes]) -> bytes:
        """Everything that `read` gives, up to where it is broken."""
        parts: list[bytes] = []
        try:
            while part := read(_CHUNK):
                parts.append(part)
                self._left -= len(part)
                if self._left < 0:
                    raise _TooMuch
        except _BROKEN:
            pass
        return b"".join(parts)


def _opened(content: bytes, room: _Room, depth: int) -> Iterator[bytes]:
    """The content, and what is packed in it; what only looks packed, or is broken, as far as it goes."""
    yield content
    for part in filter(None, _parts(content, room)):
        if not depth:
            raise _TooMuch
        yield from _opened(part, room, depth - 1)


def _parts(content: bytes, room: _Room) -> Iterator[bytes]:
    if _END_OF_ZIP in content[-(1 << 16) - 64 :]:
        yield from _members(content, room)
    for start, reader in _READERS.items():
        if content.startswith(start):
            yield room.all_of(reader(content))


def _members(content: bytes, room: _Room) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            for each in members:
                if each.flag_bits & _ENCRYPTED:
                    raise _TooMuch
                yield each.filename.encode("utf-8", "surrogateescape") + b"\n" + each.comment
                with archive.open(each) as member:
                    yield room.all_of(member.read)
    except _BROKEN:
        return


def _inflating(content: bytes) -> Callable[[int], bytes]:
    stream, rest = zlib.decompressobj(), [content]

    def read(most: int) -> bytes:
        made = stream.decompress(rest.pop(), most)
        rest.append(stream.unconsumed_tail)
        return made

    return read


_READERS: Final[dict[bytes, Callable[[bytes], Callable[[int], bytes]]]] = {
    b"\x1f\x8b": lambda content: gzip.GzipFile(fileobj=io.BytesIO(content)).read1,
    b"BZh": lambda content: bz2.BZ2File(io.BytesIO(content)).read1,
    b"\xfd7zXZ\0": lambda content: lzma.LZMAFile(io.BytesIO(content)).read1,  # noqa: SIM115 - it is in memory
    **{bytes((0x78, level)): _inflating for level in (0x01, 0x5E, 0x9C, 0xDA)},
}
