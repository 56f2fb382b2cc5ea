"""What Codex's event stream has said so far: all that its ending is judged by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from orchestrator.definition.model import JsonValue
from orchestrator.execution.outcome import Usage


@dataclass(kw_only=True, slots=True)
class Record:
    """What the stream said, so far.

    `completed` are the figures of a turn that ended well, of all the session; `before` is what the session had used
    before this call. `turns` count what the agent said and did. `begun` are calls that were shown, `calls` and `denied`
    map the ids of calls to names. `said` are the agent's words, the last of them the answer where there is a `schema`.
    """

    model: str = ""
    session: str = ""
    schema: JsonValue = None
    before: Usage = field(default_factory=Usage)
    completed: dict[str, Any] | None = None
    failed: str = ""
    turns: int = 0
    begun: set[str] = field(default_factory=set)
    calls: dict[str, str] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    complaint: str = ""
