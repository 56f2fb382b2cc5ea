"""Reads the event stream of Claude Code: what happens, and what its ending is judged by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import Usage
from orchestrator.runners.claude_record import Record, spent_so_far
from orchestrator.runners.claude_verdict import judged
from orchestrator.runners.engine import Ending
from orchestrator.runners.happenings import Called, Happening, Noted, Returned, Said, Spent, Started
from orchestrator.runners.json_events import event, mapping, objects, whole

SYNTHETIC = "<synthetic>"
NO_SUCH_TOOL = "No such tool available"


class ClaudeReader:
    """Takes line after line as they come. Unknown events pass; a line that is no event is shown as it is.

    `spent` is what earlier calls of the session used.
    """

    def __init__(self, *, spent: Usage | None = None) -> None:
        self.record = Record(before=spent or Usage())

    def line(self, text: str) -> Iterator[Happening]:
        """A line of stdout."""
        if not text.strip():
            return
        found = event(text)
        if found is None:
            yield Noted(text=text, stream="stdout")
            return
        if isinstance(session := found.get("session_id"), str):
            self.record.session = session
        match found.get("type"):
            case "system":
                yield from self._system(found)
            case "assistant":
                yield from self._assistant(found)
            case "user":
                yield from self._user(found)
            case "result":
                self._result(found)

    def complaint(self, text: str) -> Iterator[Happening]:
        """A line of stderr."""
        self.record.complaint = text.strip() or self.record.complaint
        yield Noted(text=text, level=Level.WARNING, stream="stderr")

    def ending(self, code: int | None) -> Ending:
        """The verdict."""
        return judged(self.record, code)

    def _system(self, found: dict[str, Any]) -> Iterator[Happening]:
        match found.get("subtype"):
            case "init" if not self.record.model:
                yield self._started(found)
            case "api_retry":
                self.record.retry_after_ms = whole(found.get("retry_delay_ms"))
                yield Noted(text=_retry(found), level=Level.WARNING)
            case "informational":
                yield Noted(text=str(found.get("content") or ""), level=Level.WARNING)

    def _started(self, found: dict[str, Any]) -> Started:
        self.record.model = str(found.get("model") or "unknown")
        servers = objects(found.get("mcp_servers"))
        self.record.failed_servers = [str(each.get("name")) for each in servers if each.get("status") != "connected"]
        version = str(found.get("claude_code_version") or "")
        return Started(
            program=f"Claude Code {version}".rstrip(),
            model=self.record.model,
            failed_servers=tuple(self.record.failed_servers),
        )

    def _assistant(self, found: dict[str, Any]) -> Iterator[Happening]:
        message = mapping(found.get("message"))
        nested = bool(found.get("parent_tool_use_id"))
        for block in objects(message.get("content")):
            if block.get("type") == "text":
                yield from self._text(
                    str(block.get("text", "")), synthetic=message.get("model") == SYNTHETIC, nested=nested
                )
            elif block.get("type") == "tool_use" and block.get("name") != "StructuredOutput":
                number, name = str(block.get("id")), str(block.get("name"))
                self.record.calls[number] = name
                yield Called(id=number, name=name, input=block.get("input"), nested=nested)
        yield from self._counted(message)

    def _text(self, text: str, *, synthetic: bool, nested: bool) -> Iterator[Happening]:
        """Claude Code reports errors of the API in the voice of the model."""
        if synthetic:
            yield Noted(text=text, level=Level.ERROR, stream="stderr")
            return
        if not nested:
            self.record.said = text
        yield Said(text=text, nested=nested)

    def _counted(self, message: dict[str, Any]) -> Iterator[Happening]:
        """A message comes in parts, and each repeats its figures."""
        figures = mapping(message.get("usage"))
        if not figures:
            return
        self.record.counted[str(message.get("id"))] = Usage(
            input_tokens=whole(figures.get("input_tokens")),
            output_tokens=whole(figures.get("output_tokens")),
            cache_read_tokens=whole(figures.get("cache_read_input_tokens")),
            cache_write_tokens=whole(figures.get("cache_creation_input_tokens")),
        )
        # Of turns Claude Code keeps the limit itself, and counts them otherwise than messages.
        yield Spent(usage=replace(spent_so_far(self.record), turns=0))

    def _user(self, found: dict[str, Any]) -> Iterator[Happening]:
        for block in objects(mapping(found.get("message")).get("content")):
            if block.get("type") == "tool_result":
                yield self._tool_result(block)

    def _tool_result(self, block: dict[str, Any]) -> Returned:
        text = _content(block.get("content")).removeprefix("<tool_use_error>").removesuffix("</tool_use_error>")
        number, failed = str(block.get("tool_use_id")), bool(block.get("is_error"))
        if failed and NO_SUCH_TOOL in text and number in self.record.calls:
            self.record.denied[number] = self.record.calls[number]
        return Returned(id=number, output=text, failed=failed)

    def _result(self, found: dict[str, Any]) -> None:
        self.record.result = found
        self.record.turns += whole(found.get("num_turns"))
        for denial in objects(found.get("permission_denials")):
            self.record.denied[str(denial.get("tool_use_id"))] = str(denial.get("tool_name"))


def _content(content: object) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", "")) for block in objects(content))


def _retry(found: dict[str, Any]) -> str:
    status, reason = found.get("error_status"), str(found.get("error") or "unknown")
    what = f"answered {status} ({reason})" if status else "cannot be reached"
    seconds = whole(found.get("retry_delay_ms")) / 1000
    number, most = whole(found.get("attempt")), whole(found.get("max_retries"))
    return f"the model's API {what}; retry {number} of {most} in {seconds:.1f} s"
