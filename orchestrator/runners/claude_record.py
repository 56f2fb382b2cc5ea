"""What Claude Code's event stream has said so far: all that its ending is judged by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from orchestrator.execution.outcome import Usage


@dataclass(kw_only=True, slots=True)
class Record:
    """What the stream said, so far.

    `result` is the last event of that type: there is one for each time that work in the background woke the agent.
    `turns` are those of all results. `calls` and `denied` map the ids of tool calls to the tools' names; the calls
    leave `StructuredOutput` out. `said` is the agent's last text. `counted` are the tokens of each message by its id,
    `before` is what the session had used before this call.
    """

    before: Usage = field(default_factory=Usage)
    model: str = ""
    session: str = ""
    result: dict[str, Any] | None = None
    turns: int = 0
    calls: dict[str, str] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)
    said: str = ""
    complaint: str = ""
    retry_after_ms: int = 0
    failed_servers: list[str] = field(default_factory=list)
    counted: dict[str, Usage] = field(default_factory=dict)


def spent_so_far(record: Record) -> Usage:
    """The sum over the messages; what a message says of its output is a beginning, until the result tells."""
    messages = list(record.counted.values())
    return Usage(
        model=record.model,
        turns=len(messages),
        input_tokens=sum(each.input_tokens for each in messages),
        output_tokens=sum(each.output_tokens for each in messages),
        cache_read_tokens=sum(each.cache_read_tokens for each in messages),
        cache_write_tokens=sum(each.cache_write_tokens for each in messages),
    )
