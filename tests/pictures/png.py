"""PNG with a palette: a page has few colours, and a third of the bytes with one byte a pixel.

https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import chain

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = 256
_TRUECOLOUR = {2: 3, 6: 4}
"""Bytes a pixel by colour type, for those with eight bits a channel."""


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each part of a PNG."""
    at = len(SIGNATURE)
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def software(data: bytes) -> str:
    """What the PNG says that it was made with."""
    found = (body.split(b"\0", 1) for kind, body in chunks(data) if kind == b"tEXt")
    return next((value.decode("latin-1") for key, value in found if key == b"Software"), "")


def with_palette(data: bytes, made_with: str) -> bytes:
    """The same picture in at most 256 colours; each other one becomes the nearest of them."""
    parts = list(chunks(data))
    width, height, depth, colour = struct.unpack(">IIBB", parts[0][1][:10])
    assert depth == 8
    rows = list(_rows(zlib.decompress(b"".join(body for kind, body in parts if kind == b"IDAT")), width, colour))
    size = _TRUECOLOUR[colour]
    pixels = [list(zip(row[0::size], row[1::size], row[2::size], strict=True)) for row in rows]
    seen = Counter(chain.from_iterable(pixels))
    palette = _palette(seen)
    index = {each: number for number, each in enumerate(palette)}
    for each in seen:
        index.setdefault(each, min(range(len(palette)), key=lambda number: _apart(each, palette[number])))
    lines = b"".join(b"\0" + bytes(map(index.__getitem__, row)) for row in pixels)
    return SIGNATURE + b"".join(
        _chunk(kind, body)
        for kind, body in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"tEXt", b"Software\0" + made_with.encode("latin-1")),
            (b"PLTE", bytes(chain.from_iterable(palette))),
            (b"IDAT", zlib.compress(lines, 9)),
            (b"IEND", b""),
        )
    )


def _palette(seen: Counter[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """One of each kind of colour first, so that the few red signs stay red; then those that are seen most."""
    ordered = [each for each, _ in seen.most_common()]
    kinds = {tuple(channel >> 5 for channel in each): each for each in reversed(ordered)}
    return list(dict.fromkeys((*kinds.values(), *ordered)))[:_COLOURS]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _apart(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _rows(raw: bytes, width: int, colour: int) -> Iterator[bytearray]:
    size = _TRUECOLOUR[colour]
    length = width * size
    above = bytearray(length)
    for start in range(0, len(raw), length + 1):
        row = bytearray(raw[start + 1 : start + 1 + length])
        _unfilter(raw[start], row, above, size)
        yield row
        above = row


def _unfilter(kind: int, row: bytearray, above: bytearray, size: int) -> None:
    """Bring back what compressing took off: each byte was told as the difference to its neighbours."""
    for at in range(len(row) if kind else 0):
        left, corner = (row[at - size], above[at - size]) if at >= size else (0, 0)
        guess = (0, left, above[at], (left + above[at]) // 2, _paeth(left, above[at], corner))[kind]
        row[at] = (row[at] + guess) & 255


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))
