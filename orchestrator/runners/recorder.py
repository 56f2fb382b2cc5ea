"""Keeps what an agent says and does as events of a transcript, as they come."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Final

from orchestrator.definition.model import JsonValue
from orchestrator.execution.log_line import Level
from orchestrator.runners.happenings import Called, Happening, Noted, Returned, Said

MOST_PAUSE_MS: Final = 1_000
"""What is left of a longer pause: a replay is there to be watched, and to be waited for by tests."""

MOST_RECORDED_CHARACTERS: Final = 50_000
"""Of one text, of a tool's input, and of its output; the rest is only left out of what is shown."""

MOST_RECORDED_BYTES: Final = 8_000_000
"""Of all events together; files come on top."""

_DEEPEST: Final = 50


class Recorder:
    """Hears one agent. `now` tells seconds that never go back.

    A tool call becomes an event when it returns, with what it gave; one that never returned, at the end.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last: float | None = None
        self._open: dict[str, Called] = {}
        self._lines: list[str] = []
        self._bytes = self._left_out = 0

    def hear(self, happening: Happening) -> None:
        """Take the next thing that happens."""
        match happening:
            case Said():
                self._add({"type": "text", "text": _cut(happening.text), **_marked(nested=happening.nested)})
            case Called(id=number):
                if earlier := self._open.pop(number, None):
                    self._add(_tool(earlier, None))
                self._open[number] = happening
            case Returned(id=number) if number in self._open:
                self._add(_tool(self._open.pop(number), happening))
            case Noted():
                note = {"text": _cut(happening.text), "level": happening.level.value, "stream": happening.stream}
                self._add({"type": "note", **note})
            case _:
                pass

    def text(self) -> str:
        """One event a line."""
        while self._open:
            self._add(_tool(self._open.pop(next(iter(self._open))), None))
        lines = list(self._lines)
        if self._left_out:
            told = f"{self._left_out:,} more events were not recorded"
            lines.append(json.dumps({"type": "note", "text": told, "level": Level.WARNING.value}))
        return "".join(f"{line}\n" for line in lines)

    def _add(self, event: Mapping[str, JsonValue]) -> None:
        line = json.dumps({**event, "after_ms": self._pause()})
        if self._bytes + len(line) > MOST_RECORDED_BYTES:
            self._left_out += 1
            return
        self._bytes += len(line)
        self._lines.append(line)

    def _pause(self) -> int:
        """Milliseconds since the event before; the first one comes at once, as programs take their time to start."""
        now = self._now()
        since = 0.0 if self._last is None else now - self._last
        self._last = now
        return min(MOST_PAUSE_MS, round(since * 1000))


def _tool(called: Called, returned: Returned | None) -> dict[str, JsonValue]:
    event: dict[str, JsonValue] = {"type": "tool", "name": called.name, "input": _input(called.input)}
    if returned:
        event |= {"output": _cut(returned.output), **_marked(failed=returned.failed)}
    return event | _marked(nested=called.nested)


def _input(value: JsonValue) -> JsonValue:
    """The input as it was; one that is too long or nests too deeply, as the text of its beginning."""
    if value is None:
        return ""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "(nested too deeply)"
    if len(text) <= MOST_RECORDED_CHARACTERS and _is_shallow(value, _DEEPEST):
        return value
    return _cut(value if isinstance(value, str) else text)


def _is_shallow(value: JsonValue, depth: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth > 0 and all(_is_shallow(each, depth - 1) for each in inner)


def _cut(text: str) -> str:
    left = len(text) - MOST_RECORDED_CHARACTERS
    return text if left <= 0 else f"{text[:MOST_RECORDED_CHARACTERS]}… ({left:,} characters more)"


def _marked(**flags: bool) -> dict[str, JsonValue]:
    """Only what is true: a transcript is read by people."""
    return {name: True for name, flag in flags.items() if flag}
