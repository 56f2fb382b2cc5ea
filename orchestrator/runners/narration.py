"""From what an agent does to log lines for people."""

from __future__ import annotations

import json

from orchestrator.definition.model import JsonValue
from orchestrator.execution.log_line import Level
from orchestrator.lifecycle.ports.runner import LogSink
from orchestrator.runners.happenings import Called, Happening, Noted, Returned, Said, Spent, Started

SHOWN_LINES = 20
SHOWN_CHARACTERS = 300
_TELLING = ("file_path", "path", "pattern", "command", "url", "query", "description", "prompt")


def narrate(happening: Happening, log: LogSink) -> None:
    """Show it: words and tool calls as information, what tools gave for who looks closer, trouble as a warning."""
    match happening:
        case Started():
            _show(log, f"{happening.program}, model {happening.model}", "mycelium")
        case Said():
            _show(log, happening.text, "agent", indent=_indent(nested=happening.nested))
        case Called():
            text = f"{happening.name} {brief(happening.input)}".rstrip()
            _show(log, text, "tool", indent=_indent(nested=happening.nested))
        case Returned():
            _show_output(log, happening)
        case Noted():
            _show(log, happening.text, happening.stream, happening.level)
        case Spent():
            pass  # `spending.py` tells of it, now and then


def brief(value: JsonValue) -> str:
    """The most telling part of a tool's input, on one line."""
    if isinstance(value, dict):
        value = next((value[key] for key in _TELLING if value.get(key)), json.dumps(value, ensure_ascii=False))
    line = " ".join(str(value if value is not None else "").split())
    return line if len(line) <= SHOWN_CHARACTERS else line[:SHOWN_CHARACTERS] + "…"


def _show_output(log: LogSink, returned: Returned) -> None:
    level = Level.WARNING if returned.failed else Level.DEBUG
    lines = returned.output.splitlines()
    _show(log, "\n".join(lines[:SHOWN_LINES]), "tool", level)
    if len(lines) > SHOWN_LINES:
        _show(log, f"… {len(lines) - SHOWN_LINES} lines more", "tool", level)


def _indent(*, nested: bool) -> str:
    return "  " if nested else ""


def _show(log: LogSink, text: str, stream: str, level: Level = Level.INFO, *, indent: str = "") -> None:
    for line in text.splitlines():
        if line.strip():
            log.line(indent + line, level=level, stream=stream)
