"""Inputs for fuzz targets: texts of this repository, cut, spliced and blown up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 120_000
_ODD = [
    *("\x00", "\ufeff", "\r\n", "\r", "\u2028", "\x85", "\x0b", "\x1b[31m", "\u202e", "é", "𝒳", "\ud800", "\udfff"),
    *("9" * 400, "9" * 5000, "-1", "1e999", "NaN", "Infinity", "-0", "0x", "\t", "x" * 3000, "\\u0000", "%", "\\"),
]
_DEEP = ["[" * 200, "{" * 200, '{"a":' * 200, "[" * 2_000, "(" * 60, "!" * 60]
ODD = (*(text.encode("utf-8", "surrogatepass") for text in (*_ODD, *_DEEP)), b"\xff\xfe", b"\xc3")
"""What parsers stumble over."""


@cache
def files(*patterns: str) -> tuple[bytes, ...]:
    """The contents of this repository's files that fit."""
    found = (path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern)))
    return tuple(dict.fromkeys(found))


@cache
def examples(language: str) -> tuple[bytes, ...]:
    """The examples in a language that the documentation gives."""
    fence = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return tuple(block.encode() for page in files("docs/*.md", "*.md") for block in fence.findall(page.decode()))


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a target is fed with: texts of a grammar, and seeds and words to make others of."""

    written: SearchStrategy[bytes]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...]


def inputs(seeds: Iterable[bytes], words: Iterable[str], grammar: SearchStrategy[str]) -> Inputs:
    """Texts of the grammar, words in any order, and anything at all; seeds and words to change them with."""
    known = tuple(word.encode("utf-8", "surrogatepass") for word in words) + ODD
    mixed = st.lists(st.sampled_from(known), max_size=20).map(lambda parts: b"".join(parts)[:LONGEST])
    anything = st.binary(max_size=60) | st.text(max_size=40).map(str.encode)
    written = grammar.map(lambda text: text.encode("utf-8", "surrogatepass"))
    return Inputs(written=st.one_of(written, written, mixed, anything), seeds=tuple(seeds), words=known)


class Changes:
    """Texts that were cut, spliced, repeated and strewn with words."""

    def __init__(self, seeds: Sequence[bytes], words: Sequence[bytes], random: Random) -> None:
        self._seeds = seeds
        self._words = words
        self._random = random

    def next(self) -> bytes:
        """Another one."""
        data = self._random.choice(self._seeds)
        for _ in range(self._random.randint(1, 5)):
            start = self._random.randint(0, len(data))
            end = min(len(data), start + self._length())
            data = (data[:start] + self._instead_of(data[start:end]) + data[end:])[:LONGEST]
        return data

    def _length(self) -> int:
        return int(2 ** self._random.uniform(0, 8)) - 1

    def _instead_of(self, piece: bytes) -> bytes:
        random = self._random
        match random.randrange(8):
            case 0:
                return b""
            case 1 | 2:
                return random.choice(self._words)
            case 3:
                return piece + b"".join(random.choices(self._words, k=random.randint(1, 6)))
            case 4:
                return random.randbytes(random.randint(1, 4))
            case 5:
                other = random.choice(self._seeds)
                start = random.randint(0, len(other))
                return piece + other[start : start + self._length()]
            case 6:
                return bytes(random.sample(piece, len(piece)))
            case _:
                return self._often(piece or random.choice(self._words))

    def _often(self, piece: bytes) -> bytes:
        """Mostly a few times; now and then as often as it fits, for what takes more than its share."""
        often = 2 ** self._random.uniform(0, 6) if self._random.randrange(30) else LONGEST / len(piece or b"x")
        return piece * int(often)
