"""Reads what an engine of a repository's own prints, as its template says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final

from orchestrator.definition.model import JsonValue
from orchestrator.definition.pointers import Pointer
from orchestrator.definition.project import EngineTemplate, OutputForm
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import FailureClass, Usage
from orchestrator.runners.endings import exit_message
from orchestrator.runners.engine import Ending
from orchestrator.runners.happenings import Called, Happening, Noted, Said, Spent, Started
from orchestrator.runners.json_events import amount, single_line, whole
from orchestrator.runners.spoken_json import spoken_json

MOST_CHARACTERS: Final = 32_000_000
"""Of what is kept of an output; what comes after is shown and not read."""

_FIGURES: Final = {field.name for field in fields(Usage)} - {"model", "cost_usd", "replayed", "cost_estimated"}


class TemplateReader:
    """Takes line after line as they come. What does not fit the template is shown as it is."""

    def __init__(self, template: EngineTemplate, *, wants_answer: bool) -> None:
        self._template = template
        self._wants_answer = wants_answer
        self._lines: list[str] = []
        self._kept = 0
        self._texts: list[str] = []
        self._pieces: list[str] = []
        self._found: dict[str, str] = {}
        self._error = ""
        self._usage = Usage()
        self._turns = 0
        self._complaint = ""

    def line(self, text: str) -> Iterator[Happening]:
        """A line of stdout."""
        self._kept += len(text)
        match self._template.output:
            case OutputForm.JSONL if (document := _document(text)) is not None:
                yield from self._read(document)
            case OutputForm.JSON if self._kept <= MOST_CHARACTERS:
                self._lines.append(text)
            case OutputForm.TEXT if self._kept <= MOST_CHARACTERS:
                self._lines.append(text)
                yield Said(text=text)
            case _:
                yield Noted(text=text, stream="stdout")

    def complaint(self, text: str) -> Iterator[Happening]:
        """A line of stderr."""
        self._complaint = text.strip() or self._complaint
        yield Noted(text=text, level=Level.WARNING, stream="stderr")

    def ending(self, code: int | None) -> Ending:
        """The verdict: the exit code's, then the output's."""
        self._conclude()
        text = self._texts[-1] if self._texts else ""
        failure = self._failure(code)
        return Ending(
            failure=failure[0] if failure else None,
            message=failure[1] if failure else "",
            text=text,
            answer=spoken_json(text) if self._wants_answer else None,
            usage=self._used(),
            session=self._found.get("session", ""),
        )

    def _conclude(self) -> None:
        """What can only be read at the end."""
        list(self._whole())
        lines, self._lines = self._lines, []
        if not lines:
            return
        whole_text = "\n".join(lines)
        if self._template.output is OutputForm.TEXT:
            self._texts.append(whole_text.strip())
        elif (document := _document(whole_text)) is not None:
            list(self._read(document))

    def _failure(self, code: int | None) -> tuple[FailureClass, str] | None:
        meaning = self._template.exit_codes.get(code) if code is not None else None
        if meaning is not None:
            return FailureClass(meaning.value), exit_message(code, self._error or self._complaint[:500])
        if code != 0:
            failure = FailureClass.CRASHED if code is None or code < 0 else FailureClass.EXIT
            return failure, exit_message(code, self._error or self._complaint[:500])
        if self._error:
            return FailureClass.EXIT, f"it reported: {self._error}"
        if not any(self._texts):
            return FailureClass.BAD_OUTPUT, "it ended without a word"
        return None

    def _read(self, document: JsonValue) -> Iterator[Happening]:
        read = self._template.read
        yield from self._named(document)
        texts = [_text(each) for each in _found(read.text, document)]
        if texts and read.pieces:
            self._pieces += texts
            return
        yield from self._whole()
        for name in _found(read.tool, document):
            self._turns += 1
            yield Called(id=str(self._turns), name=single_line(name, limit=100))
        for text in texts:
            yield self._said(text)
        for error in _found(read.error, document):
            self._error = single_line(_text(error))
            yield Noted(text=self._error, level=Level.ERROR, stream="stderr")
        if read.usage:
            self._usage = self._usage + self._figures(document)
            yield Spent(usage=self._used())

    def _whole(self) -> Iterator[Happening]:
        """What came in pieces, once something else comes."""
        pieces, self._pieces = self._pieces, []
        if pieces:
            yield self._said("".join(pieces))

    def _said(self, text: str) -> Said:
        self._turns += 1
        self._texts.append(text)
        return Said(text=text)

    def _named(self, document: JsonValue) -> Iterator[Happening]:
        """The first session and model that are named."""
        for name, pointer in (("session", self._template.read.session), ("model", self._template.read.model)):
            value = next(_found(pointer, document), None)
            if value is not None and name not in self._found:
                self._found[name] = single_line(value, limit=200)
                if name == "model":
                    yield Started(program=self._template.name, model=self._found[name])

    def _figures(self, document: JsonValue) -> Usage:
        usage = self._template.read.usage
        counts: Any = {name: sum(whole(value) for value in _found(usage.get(name), document)) for name in _FIGURES}
        costs = [cost for value in _found(usage.get("cost_usd"), document) if (cost := amount(value)) is not None]
        return Usage(**counts, cost_usd=sum(costs) if costs else None)

    def _used(self) -> Usage:
        turns = self._usage.turns or self._turns
        model = self._found.get("model") or self._template.model or ""
        return Usage(turns=turns, model=model) + _without_turns(self._usage)


def _without_turns(usage: Usage) -> Usage:
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cost_usd=usage.cost_usd,
    )


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _document(text: str) -> JsonValue:
    try:
        document: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document


def _found(pointer: Pointer | None, document: JsonValue) -> Iterator[JsonValue]:
    return pointer.found(document) if pointer else iter(())
