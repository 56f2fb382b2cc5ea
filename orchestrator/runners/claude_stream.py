"""Reads the event stream of Claude Code: log lines for people, and what its ending is judged by."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from orchestrator.execution.state import Level
from orchestrator.lifecycle.ports.runner import LogSink

MOST_COUNTED = 10**15
SHOWN_LINES = 20
SHOWN_CHARACTERS = 300
SYNTHETIC = "<synthetic>"
NO_SUCH_TOOL = "No such tool available"
_TELLING = ("file_path", "path", "pattern", "command", "url", "query", "description", "prompt")


@dataclass(kw_only=True, slots=True)
class Record:
    """What the stream said, so far.

    `result` is the last event of that type: there is one for each time that work in the background woke the agent.
    `turns` are those of all results. `calls` and `denied` map the ids of tool calls to the tools' names; the calls
    leave `StructuredOutput` out. `said` is the agent's last text.
    """

    model: str = ""
    result: dict[str, Any] | None = None
    turns: int = 0
    calls: dict[str, str] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)
    said: str = ""
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
                self._result(event)

    def complaint(self, text: str) -> None:
        """A line of stderr."""
        self._show(text, "stderr", Level.WARNING)
        self.record.complaint = text.strip() or self.record.complaint

    def _system(self, event: dict[str, Any]) -> None:
        match event.get("subtype"):
            case "init" if not self.record.model:
                self.record.model = str(event.get("model") or "unknown")
                version = str(event.get("claude_code_version") or "")
                self._show(f"Claude Code {version}, model {self.record.model}".replace(" ,", ","), "mycelium")
                for server in _objects(event.get("mcp_servers")):
                    if server.get("status") not in ("connected", "pending"):
                        self.record.failed_servers.append(str(server.get("name")))
            case "api_retry":
                self._show(_retry(event), "mycelium", Level.WARNING)
            case "informational":
                self._show(str(event.get("content") or ""), "mycelium", Level.WARNING)

    def _assistant(self, event: dict[str, Any]) -> None:
        message = event.get("message")
        message = message if isinstance(message, dict) else {}
        indent = "  " if event.get("parent_tool_use_id") else ""
        for block in _objects(message.get("content")):
            if block.get("type") == "text":
                self._text(str(block.get("text", "")), synthetic=message.get("model") == SYNTHETIC, indent=indent)
            elif block.get("type") == "tool_use" and block.get("name") != "StructuredOutput":
                name = str(block.get("name"))
                self.record.calls[str(block.get("id"))] = name
                self._show(f"{name} {_brief(block.get('input'))}".rstrip(), "tool", indent=indent)

    def _text(self, text: str, *, synthetic: bool, indent: str) -> None:
        """Claude Code reports errors of the API in the voice of the model."""
        if synthetic:
            self._show(text, "stderr", Level.ERROR)
            return
        self._show(text, "agent", indent=indent)
        if not indent:
            self.record.said = text

    def _user(self, event: dict[str, Any]) -> None:
        message = event.get("message")
        for block in _objects(message.get("content") if isinstance(message, dict) else None):
            if block.get("type") == "tool_result":
                self._tool_result(block)

    def _tool_result(self, block: dict[str, Any]) -> None:
        level = Level.WARNING if block.get("is_error") else Level.DEBUG
        text = _content(block.get("content")).removeprefix("<tool_use_error>").removesuffix("</tool_use_error>")
        number = str(block.get("tool_use_id"))
        if block.get("is_error") and NO_SUCH_TOOL in text and number in self.record.calls:
            self.record.denied[number] = self.record.calls[number]
        lines = text.splitlines()
        self._show("\n".join(lines[:SHOWN_LINES]), "tool", level)
        if len(lines) > SHOWN_LINES:
            self._show(f"… {len(lines) - SHOWN_LINES} lines more", "tool", level)

    def _result(self, event: dict[str, Any]) -> None:
        self.record.result = event
        self.record.turns += whole(event.get("num_turns"))
        for denial in _objects(event.get("permission_denials")):
            self.record.denied[str(denial.get("tool_use_id"))] = str(denial.get("tool_name"))

    def _show(self, text: str, stream: str, level: Level = Level.INFO, *, indent: str = "") -> None:
        for line in text.splitlines():
            if line.strip():
                self._log.line(indent + line, level=level, stream=stream)


def whole(value: object) -> int:
    """A count; 0 for what is none, or more than anything could be."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < MOST_COUNTED else 0


def _event(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and "type" in value else None


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _content(content: object) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", "")) for block in _objects(content))


def _retry(event: dict[str, Any]) -> str:
    status, reason = event.get("error_status"), str(event.get("error") or "unknown")
    what = f"answered {status} ({reason})" if status else "cannot be reached"
    seconds = whole(event.get("retry_delay_ms")) / 1000
    number, most = whole(event.get("attempt")), whole(event.get("max_retries"))
    return f"the model's API {what}; retry {number} of {most} in {seconds:.1f} s"


def _brief(value: object) -> str:
    """The most telling part of a tool's input, on one line."""
    if isinstance(value, dict):
        value = next((value[key] for key in _TELLING if value.get(key)), json.dumps(value, ensure_ascii=False))
    line = " ".join(str(value if value is not None else "").split())
    return line if len(line) <= SHOWN_CHARACTERS else line[:SHOWN_CHARACTERS] + "…"
