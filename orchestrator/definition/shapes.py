"""The shapes that values of a workflow file have: texts, numbers, choices, lists and maps of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, TypeVar

from orchestrator.definition.document import Mapping, Scalar, Sequence, Yaml, described, is_null, plain, resolved
from orchestrator.definition.expressions import has_expression
from orchestrator.definition.model import JsonValue
from orchestrator.definition.reader import Keys, Misfit, Reader, Shape, nearest

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MAX_NAME = 100
MAX_ENTRIES = 1_000
"""Names in one map: the inputs of a workflow, the variables of an `env`, the outputs of a node."""


def _scalar(value: Yaml, expected: str) -> Scalar:
    if not isinstance(value, Scalar) or is_null(value):
        raise Misfit(value, f"expected {expected}, found {described(value)}")
    return value


def _read_text(value: Yaml, reader: Reader) -> str:
    scalar = _scalar(value, "a text")
    if has_expression(scalar.value):
        raise Misfit(value, f"`{reader.field}` takes no expressions")
    return scalar.value


def _read_template(value: Yaml, reader: Reader) -> str:
    return reader.template(_scalar(value, "a text"))


def _read_literal(value: Yaml, reader: Reader) -> str:
    del reader
    return _scalar(value, "a text").value


def _read_value(value: Yaml, reader: Reader) -> str:
    """A text, number or boolean as written; nothing is the empty text."""
    if is_null(value):
        return ""
    return _read_template(value, reader)


def _read_boolean(value: Yaml, reader: Reader) -> bool:
    del reader
    read = resolved(value) if isinstance(value, Scalar) else None
    if not isinstance(read, bool):
        raise Misfit(value, f"expected true or false, found {described(value)}")
    return read


LITERAL = Shape(read=_read_literal, schema={"type": "string"})
"""A text in which `${{ }}` means nothing, for titles and descriptions."""

TEXT = Shape(read=_read_text, schema={"type": "string"})
"""A text that is used before anything could be evaluated."""

TEMPLATE = Shape(read=_read_template, schema={"type": "string"})
"""A text that may hold `${{ }}`."""

VALUE = Shape(read=_read_value, schema={"type": ["string", "number", "boolean", "null"]})
BOOLEAN = Shape(read=_read_boolean, schema={"type": "boolean"})


def number(*, above: float | None = None, least: float | None = None, whole: bool = False) -> Shape[float]:
    """A finite number, `> above` or `>= least`."""
    kind = "a whole number" if whole else "a number"
    schema: dict[str, JsonValue] = {"type": "integer" if whole else "number"}
    limit = ""
    if above is not None:
        schema["exclusiveMinimum"], limit = above, f" above {above:g}"
    if least is not None:
        schema["minimum"], limit = least, f" of at least {least:g}"

    def read(value: Yaml, reader: Reader) -> float:
        found = resolved(value) if isinstance(value, Scalar) else None
        if isinstance(found, bool) or not isinstance(found, (int, float)) or (whole and not isinstance(found, int)):
            raise Misfit(value, f"expected {kind}, found {described(value)}", _no_expressions(value, reader))
        if not abs(found) < 1e9 or (above is not None and found <= above) or (least is not None and found < least):
            raise Misfit(value, f"expected {kind}{limit}, found {described(value)}")
        return found

    return Shape(read=read, schema=schema)


def _no_expressions(value: Yaml, reader: Reader) -> str | None:
    holds = isinstance(value, Scalar) and has_expression(value.value)
    return f"`{reader.field}` takes no expressions" if holds else None


def choice(options: Iterable[str], *, what: str = "value") -> Shape[str]:
    """One of `options`."""
    known = tuple(options)
    listed = ", ".join(f"`{option}`" for option in known)

    def read(value: Yaml, reader: Reader) -> str:
        text = _read_text(value, reader)
        if text not in known:
            raise Misfit(value, f"unknown {what} `{text}`", nearest(text, known) or f"it is one of {listed}")
        return text

    return Shape(read=read, schema={"enum": list(known)})


def member(kind: type[E], *, what: str = "value") -> Shape[E]:
    """A member of an enum, by its value."""
    options = choice([item.value for item in kind], what=what)
    return Shape(read=lambda value, reader: kind(options.read(value, reader)), schema=options.schema)


def matching(pattern: re.Pattern[str], what: str, hint: str) -> Shape[str]:
    """A text of at most 100 characters that matches `pattern` as a whole."""

    def read(value: Yaml, reader: Reader) -> str:
        text = _read_text(value, reader)
        if not pattern.fullmatch(text) or len(text) > MAX_NAME:
            raise Misfit(value, f"`{text[:MAX_NAME]}` is no {what}", hint)
        return text

    return Shape(read=read, schema={"type": "string", "pattern": f"^{pattern.pattern}$", "maxLength": MAX_NAME})


NAME_HINT = "letters, digits, `_` and `-`, beginning with a letter or `_`, at most 100 characters"
NAME = matching(_NAME, "name", NAME_HINT)


def is_name(text: str) -> bool:
    """Whether `text` may name a node, an input or an output."""
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None


def listed(item: Shape[T], *, single: bool = True, distinct: bool = False) -> Shape[tuple[T, ...]]:
    """A list of `item`; with `single`, one item may stand without brackets."""

    def read(value: Yaml, reader: Reader) -> tuple[T, ...]:
        if isinstance(value, Sequence):
            return _read_items(value, reader, item, distinct)
        if single and isinstance(value, Scalar) and not is_null(value):
            return (item.read(value, reader),)
        raise Misfit(value, f"expected a list, found {described(value)}")

    schema: dict[str, JsonValue] = {"type": "array", "items": item.schema}
    return Shape(read=read, schema={"anyOf": [item.schema, schema]} if single else schema)


def _read_items(value: Sequence, reader: Reader, item: Shape[T], distinct: bool) -> tuple[T, ...]:
    found: dict[int, T] = {}
    seen: set[Any] = set()
    for position, child in enumerate(value.items):
        read = reader.attempt(item, child, None)
        if read is None:
            continue
        if distinct and read in seen:
            reader.problem(child, f"`{read}` stands here twice")
        else:
            found[position] = read
        if distinct:
            seen.add(read)
    return tuple(found.values())


def at_most(limit: int, value: Mapping | Sequence, what: str) -> None:
    """Raise `Misfit` for a map or a list with more than `limit` entries."""
    count = len(value.entries if isinstance(value, Mapping) else value.items)
    if count > limit:
        raise Misfit(value, f"{what} has {count:,} entries; at most {limit:,} are allowed")


def mapped(key: re.Pattern[str], item: Shape[T], what: str) -> Shape[dict[str, T]]:
    """A map from names that match `key` to `item`."""

    def read(value: Yaml, reader: Reader) -> dict[str, T]:
        if not isinstance(value, Mapping):
            raise Misfit(value, f"expected a map, found {described(value)}")
        at_most(MAX_ENTRIES, value, f"`{reader.field}`")
        found: dict[str, T] = {}
        for name, entry in value.entries.items():
            if not key.fullmatch(name) or len(name) > MAX_NAME:
                reader.problem(entry.key, f"`{name[:MAX_NAME]}` is no {what}", NAME_HINT)
            elif (read_item := reader.attempt(item, entry.value, None)) is not None:
                found[name] = read_item
        return found

    names: dict[str, JsonValue] = {"pattern": f"^{key.pattern}$", "maxLength": MAX_NAME}
    schema: dict[str, JsonValue] = {"type": "object", "propertyNames": names, "additionalProperties": item.schema}
    return Shape(read=read, schema={**schema, "maxProperties": MAX_ENTRIES})


VARIABLE = matching(VARIABLE_NAME, "name of an environment variable", "letters, digits and `_`, such as `API_KEY`")
ENVIRONMENT = mapped(VARIABLE_NAME, VALUE, "name of an environment variable")
OUTPUTS = mapped(_NAME, VALUE, "name of an output")


def keyed(keys: Keys, build: Callable[[dict[str, Any], Yaml, Reader], T]) -> Shape[T]:
    """A map with the given keys, from which `build` makes the value."""

    def read(value: Yaml, reader: Reader) -> T:
        return build(reader.mapping(value, keys), value, reader)

    return Shape(read=read, schema=keys_schema(keys))


def keys_schema(keys: Keys) -> dict[str, JsonValue]:
    """The JSON Schema of a mapping with `keys`."""
    schema: dict[str, JsonValue] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"description": key.description, **key.shape.schema} for name, key in keys.keys.items()},
    }
    required: list[JsonValue] = [name for name, key in keys.keys.items() if key.required]
    return {**schema, "required": required} if required else schema


def _read_json(value: Yaml, reader: Reader) -> JsonValue:
    reader.finite(value)
    return plain(value)


JSON = Shape(read=_read_json, schema={})
"""Any value."""


def _read_json_template(value: Yaml, reader: Reader) -> JsonValue:
    _visit_templates(value, reader)
    return _read_json(value, reader)


def _visit_templates(value: Yaml, reader: Reader) -> None:
    match value:
        case Scalar():
            reader.template(value)
        case Sequence(items=items):
            for item in items:
                _visit_templates(item, reader)
        case Mapping(entries=entries):
            for entry in entries.values():
                _visit_templates(entry.value, reader)


JSON_TEMPLATE = Shape(read=_read_json_template, schema={})
"""Any value whose texts may hold `${{ }}`."""
