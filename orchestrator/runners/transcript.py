"""The transcript that `engine: replay` plays: what an agent said and did (`docs/replay.md`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.definition.model import JsonValue
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import FailureClass, Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class _Timed:
    after_ms: float = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Text(_Timed):
    """Something the agent said, or a sub-agent of it."""

    text: str
    nested: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool(_Timed):
    """A tool call that is shown and not repeated."""

    name: str
    input: JsonValue = ""
    output: str = ""
    failed: bool = False
    nested: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Note(_Timed):
    """A remark of the agent's program."""

    text: str
    level: Level = Level.INFO
    stream: str = "mycelium"


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit(_Timed):
    """Replace `old`, which stands exactly once in the file, by `new`."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Write(_Timed):
    """Give a file this content; `resolves` when that mends a merge conflict.

    `executable` is None where the file stays as executable as it is.
    """

    path: str
    content: bytes
    executable: bool | None = None
    resolves: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Link(_Timed):
    """Make a symbolic link, in place of what is there."""

    path: str
    target: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Delete(_Timed):
    """Remove a file or a link."""

    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Used(_Timed):
    """What the recorded run used so far."""

    usage: Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Fail(_Timed):
    """The recorded run failed here; `text` is what the agent had said last."""

    failure: FailureClass
    message: str
    text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Result(_Timed):
    """The end: the agent's last words and its answer."""

    text: str = ""
    answer: dict[str, JsonValue] = field(default_factory=dict)


Event = Text | Tool | Note | Edit | Write | Link | Delete | Used | Fail | Result


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """Events with their line numbers.

    `prompt_sha256` (hex) is the whole prompt's for which it was made, `fingerprint` has the hashes of what was asked
    by part; with `strict` it is played for nothing else. `incomplete` says what could not be recorded.
    """

    agent: str = ""
    model: str = ""
    prompt_sha256: str = ""
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    incomplete: tuple[str, ...] = ()
    events: tuple[tuple[int, Event], ...] = ()
