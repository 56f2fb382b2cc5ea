"""Reads a document by tables of keys: collects every problem with its place, and every expression it meets."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from orchestrator.definition import document
from orchestrator.definition.document import Entry, Scalar, Yaml
from orchestrator.definition.expressions import (
    Embedded,
    Expression,
    ExpressionSyntaxError,
    Malformed,
    has_expression,
    parse,
    pieces,
)
from orchestrator.definition.model import JsonValue
from orchestrator.definition.problems import MAX_PROBLEMS, clipped, too_many
from orchestrator.errors import InvalidDefinition, Place, Problem

_LOOKED_THROUGH = 500
_LONGEST_WORD = 200

T = TypeVar("T")
D = TypeVar("D")


class Misfit(Exception):
    """A value does not fit its shape. Raised by shapes, caught by the reader, which reports it and goes on."""

    def __init__(
        self, at: Scalar | document.Sequence | document.Mapping, message: str, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.at = at
        self.message = message
        self.hint = hint


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape(Generic[T]):
    """What a value may be: how it is read, and the JSON Schema that says the same. `read` raises `Misfit`."""

    read: Callable[[Yaml, Reader], T]
    schema: dict[str, JsonValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A key of a mapping, its shape, and what it is for."""

    shape: Shape[Any]
    description: str
    required: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """All keys of one mapping. `place` names it in messages (`a node`).

    `later` are keys of the format that do not work yet; `hints` say what to write for words of other formats.
    """

    place: str
    keys: Mapping[str, Key]
    later: frozenset[str] = frozenset()
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """An expression in the file. `field` is the key it stands in; `offset` where its text starts in `scalar.value`.

    `target` is the kind of thing it belongs to under `publish`.
    """

    node: str | None
    field: str
    scalar: Scalar
    expression: Expression
    offset: int
    target: str = ""


class Reader:
    """One reading of one file. `node`, `target` (under `publish`) and `field` say where it is.

    `engines` and `servers` are names that the project file adds to those that Mycelium brings along.
    """

    def __init__(
        self,
        file: str,
        problems: Iterable[Problem] = (),
        *,
        engines: Collection[str] = (),
        servers: Collection[str] = (),
    ) -> None:
        self.file = file
        self.engines = engines
        self.servers = servers
        self.problems = list(problems)
        self.uses: list[Use] = []
        self.node: str | None = None
        self.target = ""
        self.field = ""

    def place(self, at: Yaml) -> Place:
        return Place(file=self.file, line=at.line, column=at.column)

    def problem(self, at: Yaml, message: str, hint: str | None = None) -> None:
        """Note a problem, as long as there are not too many; then `InvalidDefinition`."""
        self.problems.append(clipped(message, self.place(at), self.node, hint))
        if len(self.problems) >= MAX_PROBLEMS:
            raise InvalidDefinition([*self.problems, too_many(self.place(at))])

    def attempt(self, shape: Shape[T], value: Yaml, default: D) -> T | D:
        """The value read, or `default` and a problem."""
        try:
            return shape.read(value, self)
        except Misfit as misfit:
            self.problem(misfit.at, misfit.message, misfit.hint)
            return default

    def mapping(self, value: Yaml, keys: Keys) -> dict[str, Any]:
        """The values of a mapping that fit, by key. Raises `Misfit` when it is no mapping."""
        if not isinstance(value, document.Mapping):
            raise Misfit(value, f"{keys.place} is a map, not {document.described(value)}")
        values = {name: self._value(name, entry, keys) for name, entry in value.entries.items()}
        for name, key in keys.keys.items():
            if key.required and name not in value.entries:
                self.problem(value, f"`{name}` is missing in {keys.place}")
        return {name: read for name, read in values.items() if read is not _NOTHING}

    def _value(self, name: str, entry: Entry, keys: Keys) -> Any:
        key = keys.keys.get(name)
        if key is None:
            self._unknown(name, entry.key, keys)
            return _NOTHING
        outer, self.field = self.field, name
        read = self.attempt(key.shape, entry.value, _NOTHING)
        self.field = outer
        return read

    def _unknown(self, name: str, at: Scalar, keys: Keys) -> None:
        if name in keys.later:
            self.problem(at, f"`{name}` is not supported yet", "remove it")
        else:
            hint = keys.hints.get(name) or nearest(name, keys.keys)
            self.problem(at, f"unknown key `{name}` in {keys.place}", hint)

    def finite(self, value: Yaml) -> None:
        """Raise `Misfit` at a number that JSON cannot say, such as `.inf` or `1e999`."""
        if isinstance(value, Scalar):
            number = document.resolved(value)
            if isinstance(number, float) and not math.isfinite(number):
                raise Misfit(value, f"`{value.value}` is no finite number", "quote it if it is a text")
        for child in document.children(value):
            self.finite(child)

    def template(self, scalar: Scalar) -> str:
        """The text of a scalar that may hold `${{ }}`; each expression that does not parse is reported."""
        if has_expression(scalar.value):
            for piece in pieces(scalar.value):
                if isinstance(piece, Embedded):
                    self._use(scalar, piece.expression, piece.offset)
                elif isinstance(piece, Malformed):
                    self.problem(within(scalar, piece.column - 1), piece.reason, piece.hint)
        return scalar.value

    def condition(self, scalar: Scalar, text: str, offset: int) -> Expression:
        """The expression `text` that starts at `offset` of `scalar`. Raises `Misfit`."""
        try:
            expression = parse(text)
        except ExpressionSyntaxError as error:
            raise Misfit(within(scalar, offset + error.column - 1), error.reason, error.hint) from error
        self._use(scalar, expression, offset)
        return expression

    def _use(self, scalar: Scalar, expression: Expression, offset: int) -> None:
        use = Use(
            node=self.node,
            target=self.target,
            field=self.field,
            scalar=scalar,
            expression=expression,
            offset=offset,
        )
        self.uses.append(use)


_NOTHING: Any = object()


def nearest(word: str, known: Collection[str]) -> str | None:
    """A hint that names the known word closest to `word`, if one is close and they are not too many to look through."""
    if len(known) > _LOOKED_THROUGH or len(word) > _LONGEST_WORD:
        return None
    near = difflib.get_close_matches(word.lower(), {name.lower(): name for name in known}, n=1, cutoff=0.6)
    spelled = next((name for name in known if near and name.lower() == near[0]), None)
    return f"did you mean `{spelled}`?" if spelled else None


def within(scalar: Scalar, offset: int) -> Scalar:
    """Where the character at `offset` of a scalar's value stands in the file, as near as the style lets us say."""
    before = scalar.value[:offset]
    line = before.count("\n")
    if scalar.style in ("|", ">"):
        # The indentation of a block is not kept; its line is exact for `|`.
        return Scalar("", "", scalar.line + 1 + line, offset - before.rfind("\n"))
    if line:
        return scalar
    return Scalar("", "", scalar.line, scalar.column + offset + len(scalar.style))
