"""Makes a transcript of what an agent did, for `engine: replay`: masked, within its size, and kept as a blob.

A runner knows what its agent said and called; the rest is the same for all of them: who was asked what, which files
are different in the end, what was used, and how it ended.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from orchestrator.definition.model import JsonValue
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import Outcome
from orchestrator.lifecycle.attempts.attempt import Attempt
from orchestrator.lifecycle.attempts.changed_files import ChangedFiles, Event, LeftOut
from orchestrator.lifecycle.limits import MAX_TRANSCRIPT_BYTES, within_limits
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.ports import AgentTask, Workspace

REPLAY: Final = "replay"
_PLAIN: Final = frozenset({"type", "class", "level", "path", "mycelium_transcript", "fingerprint", "prompt_sha256"})
"""Keys whose values are ours, or that mean nothing any more when a part of the value is masked."""

_ROOM_FOR_HEADER: Final = 200_000
_NAMED: Final = 20
_HALVES: Final = re.compile("[\ud800-\udfff]")
_LINE_ENDS: Final = re.compile("[\x85\u2028\u2029]")
"""Those that JSON does not escape, and programs that read line by line may take for an end."""


class Recording:
    """One call of an agent on its way to a transcript: give `task` to the runner, and its outcome to `conclude`."""

    def __init__(self, attempt: Attempt, task: AgentTask, workspace: Workspace) -> None:
        self._attempt = attempt
        self._heard = attempt.folders.empty("recording") / "heard.jsonl"
        self._heard.unlink(missing_ok=True)
        self._folder = workspace.path
        self._files = ChangedFiles(attempt, workspace, task.conflicts)
        self.task = replace(task, record=self._heard)

    def conclude(self, outcome: Outcome) -> None:
        """Keep the transcript; none of what was cancelled, as it would end in the middle of nowhere."""
        if outcome.cancelled:
            return
        replayed = self.task.engine == REPLAY
        text = _copied(self.task.transcript, self._attempt.mask) if replayed else self._written(within_limits(outcome))
        if text is not None:
            self._attempt.transcripts.append(self._attempt.services.blobs.put(text.encode()))

    def _written(self, outcome: Outcome) -> str:
        ending = [*_used(outcome), _end(outcome, self.task)]
        lines = _Lines(self._attempt.mask, MAX_TRANSCRIPT_BYTES - _ROOM_FOR_HEADER)
        last = lines.taken(ending, "how it ended")
        heard = lines.taken(self._heard_events(), "what it said")
        files = lines.taken(self._files.events(lambda: lines.room), "a file")
        for reason in lines.missing:
            self._attempt.log.say(f"not recorded: {reason}", level=Level.WARNING)
        header = lines.masked(_header(self.task, outcome, lines.missing))
        return "".join(f"{_json(event)}\n" for event in (header, *heard, *files, *last))

    def _heard_events(self) -> Iterator[Event]:
        """What the runner wrote, where it came as far as that."""
        if self._heard.exists():
            yield from (_relative(event, self._folder) for event in _events(self._heard.read_text("utf-8")))


class _Lines:
    """Events that are masked and fit; `missing` says what had to stay out."""

    def __init__(self, mask: Mask, room: int) -> None:
        self._mask = mask
        self.room = room
        self.missing: list[str] = []

    def taken(self, events: Iterable[Event | LeftOut], what: str) -> list[Event]:
        found = (self._taken(event, what) for event in events)
        return [event for event in found if event is not None]

    def masked(self, event: Event) -> Event:
        return _masked(event, self._mask)

    def _taken(self, event: Event | LeftOut, what: str) -> Event | None:
        masked = {} if isinstance(event, LeftOut) else self.masked(event)
        size = len(_json(masked).encode()) + 1
        if reason := self._objection(event, size):
            path = event.path if isinstance(event, LeftOut) else str(event.get("path") or what)
            self.missing.append(f"{self._mask.text(path)}: {reason}")
            return None
        self.room -= size
        return masked

    def _objection(self, event: Event | LeftOut, size: int) -> str:
        if isinstance(event, LeftOut):
            return event.reason
        if _holds_secret(event, self._mask):
            return "there is a secret in its name or in its bytes"
        return "the transcript has no room for it" if size > self.room else ""


def _header(task: AgentTask, outcome: Outcome, missing: list[str]) -> Event:
    model = (outcome.usage.model if outcome.usage else "") or task.model or ""
    header: Event = {"mycelium_transcript": 1, "agent": task.definition.id, "engine": task.engine, "model": model}
    header["fingerprint"] = dict(task.fingerprint)
    if missing:
        others = [f"and {len(missing) - _NAMED:,} more"] if len(missing) > _NAMED else []
        header["incomplete"] = [*missing[:_NAMED], *others]
    return header


def _used(outcome: Outcome) -> Iterator[Event]:
    if outcome.usage:
        figures = asdict(replace(outcome.usage, replayed=False))
        yield {"type": "usage", **{name: value for name, value in figures.items() if value is not False}}


def _end(outcome: Outcome, task: AgentTask) -> Event:
    """How the call ended; an answer lies beside the text, which may be a part of it."""
    answer = dict(outcome.outputs)
    text = answer.get("text", "")
    if task.answer is None or "text" not in _properties(task.answer):
        answer.pop("text", None)
    said: Event = {"text": text if isinstance(text, str) else ""}
    if outcome.failure:
        return {"type": "fail", "class": outcome.failure.value, "message": outcome.message, **said}
    return {"type": "result", **said, **({"answer": answer} if answer else {})}


def _properties(schema: Mapping[str, JsonValue]) -> Collection[JsonValue]:
    """The names that a schema of an object knows."""
    known, required = schema.get("properties"), schema.get("required")
    return [*(known if isinstance(known, dict) else ()), *(required if isinstance(required, list) else ())]


def _copied(transcript: str | None, mask: Mask) -> str | None:
    """What was played is a transcript already; None where there was none that can be read, as the replay has said."""
    try:
        events = list(_events(transcript or ""))
        masked = [_masked(event, mask) for event in events]
    except (ValueError, RecursionError):
        return None
    return transcript if masked == events else "".join(f"{_json(event)}\n" for event in masked)


def _events(text: str) -> Iterator[Event]:
    for line in text.split("\n"):
        if line.strip():
            event = json.loads(line)
            if not isinstance(event, dict):
                raise ValueError("not an object")
            yield event


def _relative(event: Event, folder: Path) -> Event:
    """A tool call without the folder that it happened in: a transcript is there to be shown elsewhere."""
    if event.get("type") != "tool":
        return event
    here = json.dumps(str(folder))[1:-1]
    shown: Event = json.loads(json.dumps(event).replace(f"{here}/", "").replace(here, "."))
    return shown


def _masked(event: Event, mask: Mask) -> Event:
    return {key: value if key in _PLAIN else mask.json(value) for key, value in event.items()}


def _holds_secret(event: Event, mask: Mask) -> bool:
    """Whether masking would change what cannot be changed: a path, or bytes that are no text."""
    path, content = event.get("path"), event.get("content_base64")
    bytes_ = b64decode(content).decode("utf-8", "surrogateescape") if isinstance(content, str) else ""
    return any(isinstance(text, str) and mask.text(text) != text for text in (path, bytes_))


def _json(event: Event) -> str:
    """One line. Halves of surrogate pairs, which agents can write and files cannot hold, are replaced."""
    line = _LINE_ENDS.sub(lambda end: f"\\u{ord(end[0]):04x}", json.dumps(event, ensure_ascii=False))
    return _HALVES.sub("\ufffd", line)
