"""Pictures keep what they show when they get a palette."""

from __future__ import annotations

import struct
import zlib

import pytest

from tests.pictures.png import SIGNATURE, chunks, software, with_palette

Colour = tuple[int, int, int]


def truecolour(rows: list[list[Colour]], filters: bytes) -> bytes:
    """As a browser writes it: eight bits a channel, each line told by the filter of its number."""
    raw, above = bytearray(), bytes(3 * len(rows[0]))
    for kind, row in zip(filters, rows, strict=True):
        line = bytes(channel for pixel in row for channel in pixel)
        guesses = [guess(kind, line, above, at) for at in range(len(line))]
        raw += bytes([kind, *((byte - each) & 255 for byte, each in zip(line, guesses, strict=True))])
        above = line
    parts = ((b"IHDR", struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(raw)))
    return SIGNATURE + b"".join(struct.pack(">I", len(body)) + kind + body + bytes(4) for kind, body in parts)


def guess(kind: int, line: bytes, above: bytes, at: int) -> int:
    left, corner = (line[at - 3], above[at - 3]) if at >= 3 else (0, 0)
    up = above[at]
    nearest = min((left, up, corner), key=lambda each: abs(left + up - corner - each))
    return (0, left, up, (left + up) // 2, nearest)[kind]


def shown(data: bytes) -> list[list[Colour]]:
    parts = dict(chunks(data))
    (width,) = struct.unpack(">I", parts[b"IHDR"][:4])
    raw, palette = zlib.decompress(parts[b"IDAT"]), parts[b"PLTE"]
    lines = [raw[start + 1 : start + 1 + width] for start in range(0, len(raw), width + 1)]
    return [[tuple(palette[3 * each : 3 * each + 3]) for each in line] for line in lines]  # type: ignore[misc]


@pytest.mark.parametrize("filters", [bytes([kind] * 5) for kind in range(5)] + [bytes([4, 3, 2, 1, 0])])
def test_few_colours_are_told_as_they_were(filters: bytes) -> None:
    rows = [[((x * 40) % 256, (y * 50) % 256, (x * y * 7) % 256) for x in range(9)] for y in range(5)]
    made = with_palette(truecolour(rows, filters), "Mycelium 1")
    assert shown(made) == rows
    assert software(made) == "Mycelium 1"


def test_of_many_colours_a_rare_one_of_its_own_kind_is_kept() -> None:
    greys: list[Colour] = [(each, each, each) for each in range(256)]
    blues: list[Colour] = [(10, 20, each) for each in range(200, 256)]
    rows: list[list[Colour]] = [[*greys, *blues, *greys, *blues, (179, 48, 31)]]
    made = shown(with_palette(truecolour(rows, b"\0"), ""))
    assert made[0][-1] == (179, 48, 31)
    assert all(
        abs(a - b) < 32 for new, old in zip(made[0], rows[0], strict=True) for a, b in zip(new, old, strict=True)
    )
