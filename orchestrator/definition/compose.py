"""YAML text to a tree with places: one document, bounded in size, depth and expansion.

libyaml delivers events; the tree is built here, so that every limit holds while parsing and never afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from orchestrator.definition.document import Entry, Mapping, Scalar, Sequence, Yaml, resolved
from orchestrator.definition.problems import MAX_PROBLEMS, clipped, too_many
from orchestrator.errors import InvalidDefinition, Place, Problem

MAX_BYTES = 2_000_000
MAX_NODES = 250_000
MAX_DEPTH = 64

_TEXT_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_CHARACTERS_PER_NODE = 256


def compose(source: str | bytes, file: str) -> tuple[Yaml | None, list[Problem]]:
    """The tree of a file and the problems that leave a tree: duplicate and non-text keys, tags.

    None for a file without content. Raises `InvalidDefinition` for what cannot be read at all.
    """
    text = _decoded(source, file)
    composer = _Composer(text, file)
    try:
        return composer.document(), composer.problems
    except _yaml_error() as error:
        raise InvalidDefinition([*composer.problems, _syntax_problem(error, text, file)]) from error


def _decoded(source: str | bytes, file: str) -> str:
    try:
        data = source.encode() if isinstance(source, str) else source
        if len(data) > MAX_BYTES:
            # Who read the file may have stopped behind the limit, amid a character: its size is unknown.
            raise _unreadable(file, f"the file has more than {MAX_BYTES:,} bytes", "split the workflow")
        text = data.decode("utf-8-sig")
    except UnicodeError as error:
        line = data[: error.start].count(b"\n") + 1 if isinstance(error, UnicodeDecodeError) else 1
        raise _unreadable(file, "the file is not UTF-8", "save it as UTF-8", line=line) from error
    if found := _FORBIDDEN.search(text):
        before = text[: found.start()]
        message = f"the character U+{ord(found[0]):04X} is not allowed in YAML"
        column = found.start() - before.rfind("\n")
        raise _unreadable(file, message, "remove it", line=before.count("\n") + 1, column=column)
    return text


def _unreadable(file: str, message: str, hint: str, *, line: int = 1, column: int = 1) -> InvalidDefinition:
    place = Place(file=file, line=line, column=column)
    return InvalidDefinition([Problem(message=message, place=place, hint=hint)])


def _yaml_error() -> type[Exception]:
    from ruamel.yaml.error import YAMLError

    return YAMLError


def _syntax_problem(error: Any, text: str, file: str) -> Problem:
    message = getattr(error, "problem", None) or str(error)
    context = getattr(error, "context", None)
    mark = getattr(error, "problem_mark", None)
    if mark is None or "end of stream" in message:
        mark = getattr(error, "context_mark", None) or mark
    place = Place(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Place(file=file)
    whole = f"malformed YAML: {message}" + (f", {context}" if context else "")
    lines = text.split("\n", place.line)
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    return Problem(message=whole, place=place, hint=_syntax_hint(message, line, line[place.column - 1 :]))


def _syntax_hint(message: str, line: str, rest: str) -> str | None:
    if "${{" in line and "did not find expected" in message:
        return "inside `{ }` and `[ ]`, quote texts that contain `${{ }}`"
    if rest.startswith("\t"):
        return "indent with spaces, not tabs"
    if "cannot start any token" in message:
        return f"quote texts that begin with `{rest[:1]}`"
    if "mapping values are not allowed" in message:
        return "quote texts that contain `: `, and check the indentation"
    if "end of stream" in message:
        return "the closing quote is missing"
    if "did not find expected" in message:
        return "check the indentation and the brackets above this line"
    return None


class _Composer:
    def __init__(self, text: str, file: str) -> None:
        from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]  # compiled, and untyped

        self._parser: Any = CParser(text)
        self._file = file
        self._anchors: dict[str, tuple[Yaml, int] | None] = {}
        self._depth = 0
        self._nodes = 0
        self.problems: list[Problem] = []

    def document(self) -> Yaml | None:
        events = self._events()
        next(events)
        if self._kind(next(events)) == "StreamEndEvent":
            return None
        root, _ = self._node(next(events), events)
        next(events)
        if self._kind(extra := next(events)) != "StreamEndEvent":
            raise self._refused(extra, "a file holds one document; a second one begins here", "split the file")
        return root

    def _events(self) -> Iterator[Any]:
        while True:
            yield self._parser.get_event()

    @staticmethod
    def _kind(event: Any) -> str:
        return type(event).__name__

    def _node(self, event: Any, events: Iterator[Any]) -> tuple[Yaml, int]:
        """The node that starts with `event`, and how much it counts with aliases expanded."""
        self._nodes += 1
        self._bound(self._nodes, event)
        kind = self._kind(event)
        if kind == "AliasEvent":
            return self._alias(event)
        if event.tag is not None and event.tag not in _TEXT_TAGS:
            message = f"the tag `{event.tag}` is not supported"
            self._problem(event, message, "workflows are plain YAML: texts, numbers, lists and maps")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node, weight = self._scalar(event) if kind == "ScalarEvent" else self._collection(event, events, kind)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, weight)
        return node, weight

    def _alias(self, event: Any) -> tuple[Yaml, int]:
        if event.anchor not in self._anchors:
            raise self._refused(event, f"the alias `*{event.anchor}` has no anchor `&{event.anchor}` before it")
        known = self._anchors[event.anchor]
        if known is None:
            raise self._refused(event, f"the anchor `&{event.anchor}` contains itself")
        return known

    def _scalar(self, event: Any) -> tuple[Yaml, int]:
        mark = event.start_mark
        if "\0" in event.value:
            self._problem(event, "a text must not contain the character U+0000", "remove `\\0`")
        style = "'" if event.tag is not None and not event.style else event.style or ""
        node = Scalar(event.value, style, mark.line + 1, mark.column + 1)
        return node, 1 + len(event.value) // _CHARACTERS_PER_NODE

    def _collection(self, event: Any, events: Iterator[Any], kind: str) -> tuple[Yaml, int]:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._refused(event, f"nested deeper than {MAX_DEPTH} levels")
        build = self._mapping if kind == "MappingStartEvent" else self._sequence
        node, weight = build(event, events)
        self._depth -= 1
        self._bound(weight, event)
        return node, weight

    def _sequence(self, event: Any, events: Iterator[Any]) -> tuple[Yaml, int]:
        items: list[Yaml] = []
        weight = 1
        while self._kind(following := next(events)) != "SequenceEndEvent":
            item, item_weight = self._node(following, events)
            items.append(item)
            weight += item_weight
        mark = event.start_mark
        return Sequence(tuple(items), mark.line + 1, mark.column + 1), weight

    def _mapping(self, event: Any, events: Iterator[Any]) -> tuple[Yaml, int]:
        entries: dict[str, Entry] = {}
        weight = 1
        while self._kind(following := next(events)) != "MappingEndEvent":
            key, key_weight = self._node(following, events)
            value, value_weight = self._node(next(events), events)
            weight += key_weight + value_weight
            self._enter(entries, key, value, following)
        mark = event.start_mark
        return Mapping(entries, mark.line + 1, mark.column + 1), weight

    def _enter(self, entries: dict[str, Entry], key: Yaml, value: Yaml, event: Any) -> None:
        if not isinstance(key, Scalar):
            self._problem(event, "a key must be a text, not a list or a map")
        elif key.value == "<<" and not key.style:
            self._problem(event, "merge keys (`<<`) are not supported", "repeat the keys, or use `defaults`")
        elif not isinstance(resolved(key), str):
            self._problem(event, f"the key `{key.value}` is not a text", f'write "{key.value}" in quotes')
        elif first := entries.get(key.value):
            hint = f"it stands in line {first.key.line} already"
            self._problem(event, f"the key `{key.value}` stands here a second time", hint)
        else:
            entries[key.value] = Entry(key, value)

    def _bound(self, count: int, event: Any) -> None:
        if count > MAX_NODES:
            message = f"more than {MAX_NODES:,} values, with aliases expanded"
            raise self._refused(event, message, "split the workflow, or use a matrix")

    def _place(self, event: Any) -> Place:
        return Place(file=self._file, line=event.start_mark.line + 1, column=event.start_mark.column + 1)

    def _problem(self, event: Any, message: str, hint: str | None = None) -> None:
        self.problems.append(clipped(message, self._place(event), hint=hint))
        if len(self.problems) >= MAX_PROBLEMS:
            raise InvalidDefinition([*self.problems, too_many(self._place(event))])

    def _refused(self, event: Any, message: str, hint: str | None = None) -> InvalidDefinition:
        return InvalidDefinition([*self.problems, clipped(message, self._place(event), hint=hint)])
