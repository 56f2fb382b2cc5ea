"""Reads the event stream of `codex exec --json`: what happens, and what its ending is judged by."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from orchestrator.definition.model import JsonValue
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import Usage
from orchestrator.runners.codex_record import Record
from orchestrator.runners.codex_verdict import judged
from orchestrator.runners.engine import Ending
from orchestrator.runners.happenings import Called, Happening, Noted, Returned, Said, Spent, Started
from orchestrator.runners.json_events import event, mapping, objects, single_line

_REJECTED = re.compile(r"codex_core::tools::router: error=(.+)")
"""How Codex tells that it did not do what the model asked for: no event does."""
_DENIALS = (
    (re.compile(r"patch rejected"), "Edit"),
    (re.compile(r"approval policy is Never"), "Shell"),
    (re.compile(r"unsupported call: (\S+)"), ""),
)


class CodexReader:
    """Takes line after line as they come. Unknown events pass; a line that is no event is shown as it is.

    `schema` is that of the answer; `spent` is what earlier calls of the session used: Codex adds to that.
    """

    def __init__(self, *, model: str, schema: JsonValue, spent: Usage) -> None:
        self.record = Record(model=model, schema=schema, before=spent)

    def line(self, text: str) -> Iterator[Happening]:
        """A line of stdout."""
        if not text.strip():
            return
        found = event(text)
        if found is None:
            yield Noted(text=text, stream="stdout")
            return
        match found.get("type"):
            case "thread.started":
                self.record.session = str(found.get("thread_id") or "")
                yield Started(program="Codex", model=self.record.model or "its own choice")
            case "item.started":
                yield from self._begun(mapping(found.get("item")))
            case "item.completed":
                yield from self._done(mapping(found.get("item")))
            case "turn.completed":
                self.record.completed = mapping(found.get("usage"))
            case "turn.failed":
                self.record.failed = single_line(mapping(found.get("error")).get("message")) or "it says nothing"
            case "error":
                yield Noted(text=single_line(found.get("message")), level=Level.WARNING)

    def complaint(self, text: str) -> Iterator[Happening]:
        """A line of stderr."""
        if (found := _REJECTED.search(text)) and (name := _denied(found[1])):
            number = f"denied {len(self.record.denied)}"
            self.record.calls[number] = self.record.denied[number] = name
            yield Noted(text=f"{name}: {found[1]}", level=Level.WARNING, stream="tool")
            return
        self.record.complaint = text.strip() or self.record.complaint
        yield Noted(text=text, level=Level.WARNING, stream="stderr")

    def ending(self, code: int | None) -> Ending:
        """The verdict."""
        return judged(self.record, code)

    def _begun(self, item: dict[str, Any]) -> Iterator[Happening]:
        if called := _call(item):
            self.record.begun.add(called.id)
            yield called

    def _done(self, item: dict[str, Any]) -> Iterator[Happening]:
        match item.get("type"):
            case "agent_message":
                self.record.said.append(str(item.get("text") or ""))
                yield Said(text=self.record.said[-1])
            case "error":
                yield Noted(text=single_line(item.get("message")), level=Level.WARNING)
            case "reasoning" | "todo_list":
                return
            case _:
                yield from self._returned(item)
        self.record.turns += 1
        yield Spent(usage=Usage(model=self.record.model, turns=self.record.turns))

    def _returned(self, item: dict[str, Any]) -> Iterator[Happening]:
        called = _call(item)
        if called is None:
            return
        if called.id not in self.record.begun:
            yield called
        self.record.calls[called.id] = called.name
        if item.get("status") == "declined":
            self.record.denied[called.id] = called.name
        yield Returned(id=called.id, output=_output(item), failed=item.get("status") in ("failed", "declined"))


def _denied(reason: str) -> str:
    """The tool that was denied; empty where a tool only failed."""
    for pattern, name in _DENIALS:
        if found := pattern.match(reason):
            return name or str(found[1])
    return ""


def _call(item: dict[str, Any]) -> Called | None:
    """An item as a tool call; None for what is none."""
    number = str(item.get("id"))
    match item.get("type"):
        case "command_execution":
            return Called(id=number, name="Shell", input={"command": str(item.get("command") or "")})
        case "file_change":
            return Called(id=number, name="Edit", input={"path": _paths(item)})
        case "mcp_tool_call":
            given: JsonValue = item.get("arguments")
            return Called(id=number, name=f"{item.get('server')}.{item.get('tool')}", input=given)
        case "web_search":
            return Called(id=number, name="WebSearch", input={"query": str(item.get("query") or "")})
        case str(kind) if kind not in ("agent_message", "reasoning", "todo_list", "error"):
            return Called(id=number, name=kind)
        case _:
            return None


def _paths(item: dict[str, Any]) -> str:
    return ", ".join(f"{each.get('path')} ({each.get('kind')})" for each in objects(item.get("changes")))


def _output(item: dict[str, Any]) -> str:
    if item.get("type") == "command_execution":
        return str(item.get("aggregated_output") or "")
    told = item.get("error") or item.get("result")
    if told is None:
        return ""
    texts = [str(part.get("text") or "") for part in objects(mapping(told).get("content"))]
    return "\n".join(texts) or str(mapping(told).get("message") or json.dumps(told, ensure_ascii=False))
