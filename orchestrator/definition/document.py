"""A YAML file as a tree that remembers where everything stands; scalars stay texts until a reader gives them a type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from orchestrator.definition.model import JsonValue


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text. `style` is '' for a plain scalar, else the character that opens it; line and column count from 1."""

    value: str
    style: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Yaml, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping and its value."""

    key: Scalar
    value: Yaml


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping from texts, in the order of the file."""

    entries: dict[str, Entry]
    line: int
    column: int


Yaml: TypeAlias = Scalar | Sequence | Mapping

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(?:inf|Inf|INF)")
_NAN = frozenset({".nan", ".NaN", ".NAN"})
_MAX_DIGITS = 300


def resolved(scalar: Scalar) -> None | bool | int | float | str:
    """The value of a scalar by the core schema of YAML 1.2: `yes`, `on` and `1_000` are texts.

    https://yaml.org/spec/1.2.2/#103-core-schema
    """
    text = scalar.value
    if scalar.style:
        return text
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    return _number(text) if text[0] in "-+.0123456789" and len(text) <= _MAX_DIGITS else text


def _number(text: str) -> int | float | str:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8)
    if _HEXADECIMAL.fullmatch(text):
        return int(text[2:], 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITY.fullmatch(text):
        return float(text.replace(".", ""))
    return float("nan") if text in _NAN else text


def is_null(value: Yaml) -> bool:
    """Whether `value` is an empty or null scalar."""
    return isinstance(value, Scalar) and not value.style and value.value in _NULL


def children(value: Yaml) -> tuple[Yaml, ...]:
    """The values directly below `value`."""
    if isinstance(value, Sequence):
        return value.items
    return tuple(entry.value for entry in value.entries.values()) if isinstance(value, Mapping) else ()


def plain(value: Yaml) -> JsonValue:
    """`value` as JSON."""
    match value:
        case Scalar():
            return resolved(value)
        case Sequence(items=items):
            return [plain(item) for item in items]
        case Mapping(entries=entries):
            return {key: plain(entry.value) for key, entry in entries.items()}


def described(value: Yaml) -> str:
    """What kind of value this is, for messages."""
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, Sequence):
        return "a list"
    match resolved(value):
        case None:
            return "nothing"
        case bool():
            return f"the boolean `{value.value}`"
        case int() | float():
            return f"the number `{value.value}`"
        case _:
            return f"the text `{_short(value.value)}`"


def _short(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= 40 and line == text else f"{line[:40]}…"
