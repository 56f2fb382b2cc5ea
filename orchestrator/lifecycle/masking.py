"""Secrets leave no trace: every text that is stored or shown passes through here first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from orchestrator.definition.model import JsonValue

MASK: Final = "***"
SHORTEST: Final = 4
"""Characters a value must have; masking shorter ones would only garble texts, and show what they were."""


class Mask:
    """Replaces known values by `***`. A value of several lines is masked line by line, as logs come that way."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """From now on mask this value too."""
        lines = {line.strip() for line in value.splitlines()}
        new = {line for line in lines if len(line) >= SHORTEST} - self._values
        if new:
            self._values |= new
            longest_first = sorted(self._values, key=len, reverse=True)
            self._pattern = re.compile("|".join(re.escape(each) for each in longest_first))

    def text(self, text: str) -> str:
        """`text` without the values."""
        return self._pattern.sub(MASK, text) if self._pattern else text

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
