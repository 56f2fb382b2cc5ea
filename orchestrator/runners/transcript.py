"""The transcript that `engine: replay` plays: what an agent said and did, one JSON object a line (`docs/replay.md`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.definition.model import JsonValue
from orchestrator.execution.state import FailureClass, Usage

VERSION = 1


class TranscriptError(Exception):
    """A line that cannot be read; the message has its number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Timed:
    after_ms: float = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Text(_Timed):
    """Something the agent said."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool(_Timed):
    """A tool call that is shown and not repeated."""

    name: str
    input: str = ""
    output: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit(_Timed):
    """Replace `old`, which stands exactly once in the file, by `new`."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Write(_Timed):
    """Give a file this content; `resolves` when that mends a merge conflict."""

    path: str
    content: str
    resolves: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Delete(_Timed):
    """Remove a file."""

    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Used(_Timed):
    """What the recorded run used so far."""

    usage: Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Fail(_Timed):
    """The recorded run failed here."""

    failure: FailureClass
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Result(_Timed):
    """The end: the agent's last words and its answer."""

    text: str = ""
    answer: dict[str, JsonValue] = field(default_factory=dict)


Event = Text | Tool | Edit | Write | Delete | Used | Fail | Result


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """Events with their line numbers. `prompt_sha256` (hex) is the prompt's for which it was made."""

    agent: str = ""
    model: str = ""
    prompt_sha256: str = ""
    events: tuple[tuple[int, Event], ...] = ()


def parse(text: str) -> Transcript:
    """The transcript in `text`; `TranscriptError` names the first line that is wrong."""
    # Other line ends, such as U+2028, may stand inside the texts of JSON.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines:
        raise TranscriptError("it is empty")
    header = _object(*lines[0])
    if header.get("mycelium_transcript") != VERSION:
        raise TranscriptError(f'line 1: the header {{"mycelium_transcript": {VERSION}}} is missing')
    return Transcript(
        agent=str(header.get("agent", "")),
        model=str(header.get("model", "")),
        prompt_sha256=str(header.get("prompt_sha256", "")),
        events=tuple((number, _event(number, _object(number, line))) for number, line in lines[1:]),
    )


def _object(number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
        # What neither a file nor the store could hold: NaN, Infinity, and halves of surrogate pairs.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError as error:
        raise TranscriptError(f"line {number}: nested too deeply") from error
    except ValueError as error:
        raise TranscriptError(f"line {number}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise TranscriptError(f"line {number}: not an object")
    return value


def _event(number: int, value: Mapping[str, Any]) -> Event:
    kind = value.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise TranscriptError(f"line {number}: unknown type {str(kind)[:60]!r}; known are {', '.join(_READERS)}")
    after = value.get("after_ms", 0)
    if isinstance(after, bool) or not isinstance(after, int | float) or after < 0:
        raise TranscriptError(f"line {number}: `after_ms` is not a number of milliseconds")
    try:
        return reader(value, float(after))
    except (ValueError, TypeError, OverflowError) as error:
        raise TranscriptError(f"line {number}: {error}") from error


def _text(value: Mapping[str, Any], key: str, default: str | None = None) -> str:
    text = value.get(key, default)
    if not isinstance(text, str):
        raise TypeError(f"`{key}` must be a text")
    return text


def _tool(value: Mapping[str, Any], after: float) -> Tool:
    given = value.get("input", "")
    shown = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return Tool(name=_text(value, "name"), input=shown, output=_text(value, "output", ""), after_ms=after)


def _usage(value: Mapping[str, Any], after: float) -> Used:
    known = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "turns")
    counts = {key: int(value.get(key, 0)) for key in known}
    cost = value.get("cost_usd")
    usage = Usage(
        model=_text(value, "model", ""), cost_usd=None if cost is None else float(cost), replayed=True, **counts
    )
    return Used(usage=usage, after_ms=after)


def _result(value: Mapping[str, Any], after: float) -> Result:
    answer = value.get("answer", {})
    if not isinstance(answer, dict):
        raise TypeError("`answer` must be an object")
    return Result(text=_text(value, "text", ""), answer=answer, after_ms=after)


_READERS: dict[str, Callable[[Mapping[str, Any], float], Event]] = {
    "text": lambda value, after: Text(text=_text(value, "text"), after_ms=after),
    "tool": _tool,
    "edit": lambda value, after: Edit(
        path=_text(value, "path"), old=_text(value, "old"), new=_text(value, "new"), after_ms=after
    ),
    "write": lambda value, after: Write(path=_text(value, "path"), content=_text(value, "content"), after_ms=after),
    "resolve": lambda value, after: Write(
        path=_text(value, "path"), content=_text(value, "content"), resolves=True, after_ms=after
    ),
    "delete": lambda value, after: Delete(path=_text(value, "path"), after_ms=after),
    "usage": _usage,
    "fail": lambda value, after: Fail(
        failure=FailureClass(_text(value, "class")), message=_text(value, "message"), after_ms=after
    ),
    "result": _result,
}
