"""Reads a transcript: one JSON object a line, the header first."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.definition.model import JsonValue
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import FailureClass, Usage
from orchestrator.runners.transcript import (
    Delete,
    Edit,
    Event,
    Fail,
    Link,
    Note,
    Result,
    Text,
    Tool,
    Transcript,
    Used,
    Write,
)

VERSION = 1
_STREAMS = ("mycelium", "stdout", "stderr")


class TranscriptError(Exception):
    """A line that cannot be read; the message has its number."""


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
        fingerprint=_hashes(header.get("fingerprint", {})),
        strict=header.get("strict") is True,
        incomplete=_texts(header.get("incomplete", [])),
        events=tuple((number, _event(number, _object(number, line))) for number, line in lines[1:]),
    )


def _hashes(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise TranscriptError("line 1: `fingerprint` must be an object")
    return {str(name): str(part) for name, part in value.items()}


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TranscriptError("line 1: `incomplete` must be a list")
    return tuple(str(item) for item in value)


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


def _flag(value: Mapping[str, Any], key: str) -> bool:
    flag = value.get(key, False)
    if not isinstance(flag, bool):
        raise TypeError(f"`{key}` must be true or false")
    return flag


def _tool(value: Mapping[str, Any], after: float) -> Tool:
    given: JsonValue = value.get("input", "")
    return Tool(
        name=_text(value, "name"),
        input=given,
        output=_text(value, "output", ""),
        failed=_flag(value, "failed"),
        nested=_flag(value, "nested"),
        after_ms=after,
    )


def _note(value: Mapping[str, Any], after: float) -> Note:
    stream = _text(value, "stream", _STREAMS[0])
    if stream not in _STREAMS:
        raise ValueError(f"`stream` must be one of {', '.join(_STREAMS)}")
    return Note(text=_text(value, "text"), level=Level(_text(value, "level", "info")), stream=stream, after_ms=after)


def _write(value: Mapping[str, Any], after: float) -> Write:
    if ("content" in value) == ("content_base64" in value):
        raise ValueError("exactly one of `content` and `content_base64` must be there")
    if "content" in value:
        content = _text(value, "content").encode()
    else:
        content = b64decode(_text(value, "content_base64"), validate=True)
    return Write(
        path=_text(value, "path"),
        content=content,
        executable=_flag(value, "executable") if "executable" in value else None,
        resolves=value["type"] == "resolve",
        after_ms=after,
    )


def _usage(value: Mapping[str, Any], after: float) -> Used:
    known = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "turns")
    counts = {key: int(value.get(key, 0)) for key in known}
    cost = value.get("cost_usd")
    usage = Usage(
        model=_text(value, "model", ""),
        cost_usd=None if cost is None else float(cost),
        cost_estimated=value.get("cost_estimated") is True,
        replayed=True,
        **counts,
    )
    return Used(usage=usage, after_ms=after)


def _fail(value: Mapping[str, Any], after: float) -> Fail:
    return Fail(
        failure=FailureClass(_text(value, "class")),
        message=_text(value, "message"),
        text=_text(value, "text") if "text" in value else None,
        after_ms=after,
    )


def _result(value: Mapping[str, Any], after: float) -> Result:
    answer = value.get("answer", {})
    if not isinstance(answer, dict):
        raise TypeError("`answer` must be an object")
    return Result(text=_text(value, "text", ""), answer=answer, after_ms=after)


_READERS: dict[str, Callable[[Mapping[str, Any], float], Event]] = {
    "text": lambda value, after: Text(text=_text(value, "text"), nested=_flag(value, "nested"), after_ms=after),
    "tool": _tool,
    "note": _note,
    "edit": lambda value, after: Edit(
        path=_text(value, "path"), old=_text(value, "old"), new=_text(value, "new"), after_ms=after
    ),
    "write": _write,
    "resolve": _write,
    "link": lambda value, after: Link(path=_text(value, "path"), target=_text(value, "target"), after_ms=after),
    "delete": lambda value, after: Delete(path=_text(value, "path"), after_ms=after),
    "usage": _usage,
    "fail": _fail,
    "result": _result,
}
