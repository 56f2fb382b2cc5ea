"""Reads the event stream of Claude Code: log lines for people, and what its ending is judged by."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from orchestrator.execution.state import Level
from orchestrator.lifecycle.ports.runner import LogSink

SHOWN_LINES = 20
SHOWN_CHARACTERS = 300
_TELLING = ("file_path", "path", "pattern", "command", "url", "query", "description", "prompt")


@dataclass(kw_only=True, slots=True)
class Record:
    """What the stream said, so far. `result` is the event of that type; `tool_calls` leaves `StructuredOutput` out."""

    model: str = ""
    result: dict[str, Any] | None = None
    tool_calls: int = 0
    refused: bool = False
    complaint: str = ""
    failed_servers: list[str] = field(default_factory=list)


class ClaudeStream:
    """Takes line after line as they come. Unknown events pass; a line that is no event is shown as it is."""

    def __init__(self, log: LogSink) -> None:
        self.record = Record()
        self._log = log

    def line(self, text: str) -> None:
        """A line of stdout."""
        if not text.strip():
            return
        event = _event(text)
        if event is None:
            self._show(text, "stdout")
            return
        match event.get("type"):
            case "system":
                self._system(event)
            case "assistant":
                self._assistant(event)
            case "user":
                self._user(event)
            case "result":
                self.record.result = event

    def complaint(self, text: str) -> None:
        """A line of stderr."""
        self._show(text, "stderr", Level.WARNING)
        self.record.complaint = text.strip() or self.record.complaint

    def _system(self, event: dict[str, Any]) -> None:
        match event.get("subtype"):
            case "init":
                self.record.model = str(event.get("model") or "")
                self._show(f"Claude Code, model {self.record.model or 'unknown'}", "mycelium")
                for server in _objects(event.get("mcp_servers")):
                    if server.get("status") not in ("connected", "pending"):
                        self.record.failed_servers.append(str(server.get("name")))
            case "api_retry":
                self._show(f"the model's API failed, trying again: {_brief(event)}", "mycelium", Level.WARNING)

    def _assistant(self, event: dict[str, Any]) -> None:
        message = event.get("message")
        message = message if isinstance(message, dict) else {}
        self.record.refused = message.get("stop_reason") == "refusal"
        indent = "  " if event.get("parent_tool_use_id") else ""
        for block in _objects(message.get("content")):
            if block.get("type") == "text":
                self._show(str(block.get("text", "")), "agent", indent=indent)
            elif block.get("type") == "tool_use" and block.get("name") != "StructuredOutput":
                self.record.tool_calls += 1
                self._show(f"{block.get('name')} {_brief(block.get('input'))}".rstrip(), "tool", indent=indent)

    def _user(self, event: dict[str, Any]) -> None:
        message = event.get("message")
        for block in _objects(message.get("content") if isinstance(message, dict) else None):
            if block.get("type") != "tool_result":
                continue
            level = Level.WARNING if block.get("is_error") else Level.DEBUG
            lines = _text(block.get("content")).splitlines()
            self._show("\n".join(lines[:SHOWN_LINES]), "tool", level)
            if len(lines) > SHOWN_LINES:
                self._show(f"… {len(lines) - SHOWN_LINES} lines more", "tool", level)

    def _show(self, text: str, stream: str, level: Level = Level.INFO, *, indent: str = "") -> None:
        for line in text.splitlines():
            self._log.line(indent + line, level=level, stream=stream)


def _event(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and "type" in value else None


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", "")) for block in _objects(content))


def _brief(value: object) -> str:
    """The most telling part of a tool's input, on one line."""
    if isinstance(value, dict):
        value = next((value[key] for key in _TELLING if value.get(key)), json.dumps(value, ensure_ascii=False))
    line = " ".join(str(value if value is not None else "").split())
    return line if len(line) <= SHOWN_CHARACTERS else line[:SHOWN_CHARACTERS] + "…"
