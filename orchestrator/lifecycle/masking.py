"""Secrets leave no trace: every text that is stored or shown passes through here first."""

from __future__ import annotations

import html
import json
from base64 import b64encode
from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from orchestrator.definition.model import JsonValue
from orchestrator.execution.commit import Commit, FileChange
from orchestrator.report.plain_text import ANSI

MASK: Final = "***"
SHORTEST: Final = 4
"""Characters a value must have; masking shorter ones would only garble texts, and show what they were."""

FEW: Final = 100
"""Values that are looked for one by one in every text."""


class Mask:
    """Replaces known values by `***`, also where they are written in JSON, HTML, an address, base64 or hexadecimal.

    A value of several lines is masked line by line, as logs come that way. Adding is cheap, however many there are: a
    node may mask as it prints.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self.values: set[str] = set()
        self._longest_first: list[str] = []
        self._by_beginning: dict[str, list[str]] = {}
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """From now on mask this value too."""
        for each in {value.strip(), *(line.strip() for line in value.splitlines())}:
            if len(each) < SHORTEST:
                continue
            self.values.add(each)
            new = set(_forms(each)) - self._known
            self._known |= new
            for form in new:
                insort(self._longest_first, form, key=_shortness)
                self._by_beginning.setdefault(form[:SHORTEST], []).append(form)

    @property
    def forms(self) -> Sequence[str]:
        """The values and what else is looked for, longest first."""
        return tuple(self._longest_first)

    def holds(self, text: str) -> bool:
        """Whether one of the values stands in `text`."""
        return self.text(text) != text

    def text(self, text: str) -> str:
        """`text` without the values; where colours divided one, the text loses them."""
        masked = self._replaced(text)
        if "\x1b" in masked or "\x9b" in masked:
            bare = ANSI.sub("", masked)
            found = self._replaced(bare)
            return masked if found == bare else found
        return masked

    def change(self, change: FileChange) -> FileChange:
        """A changed file without the values in its names."""
        before = change.previous_path
        return replace(change, path=self.text(change.path), previous_path=before and self.text(before))

    def commit(self, commit: Commit) -> Commit:
        """Of a commit that came to hold a secret, the rest is shown."""
        return replace(
            commit,
            subject=self.text(commit.subject),
            body=self.text(commit.body),
            trailers=tuple((name, self.text(value)) for name, value in commit.trailers),
            changes=tuple(self.change(each) for each in commit.changes),
        )

    def json(self, value: JsonValue) -> JsonValue:
        """`value` with all its texts masked, keys included."""
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.json(item) for item in value]
            case dict():
                return {self.text(key): self.json(item) for key, item in value.items()}
            case _:
                return value

    def _replaced(self, text: str) -> str:
        for value in self._candidates(text):
            if value in text:
                text = text.replace(value, MASK)
        return text

    def _candidates(self, text: str) -> list[str]:
        """The values to look for, longest first: where they are many, those whose beginning `text` holds."""
        if len(self._longest_first) <= FEW:
            return self._longest_first
        pieces = {text[start : start + SHORTEST] for start in range(len(text) - SHORTEST + 1)}
        begun = pieces & self._by_beginning.keys()
        return sorted((value for piece in begun for value in self._by_beginning[piece]), key=_shortness)


def _shortness(value: str) -> int:
    return -len(value)


def _forms(value: str) -> Iterator[str]:
    """The value, and what tools make of it on its way into JSON, an address, or an `Authorization` header."""
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield quote(value, safe="")
    yield quote(value)
    yield html.escape(value)
    if len(value) >= 2 * SHORTEST:
        encoded = value.encode("utf-8", "replace")
        yield from _in_base64(encoded)
        yield encoded.hex()
        yield encoded.hex().upper()


def _in_base64(value: bytes) -> Iterator[str]:
    """The letters that depend on the value alone, wherever it stands in a longer text."""
    for before, first in ((0, 0), (1, 2), (2, 3)):
        last = (before + len(value)) * 4 // 3
        letters = b64encode(b"\0" * before + value).decode()[first:last]
        yield letters
        yield letters.replace("+", "-").replace("/", "_")
