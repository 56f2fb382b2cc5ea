"""`answer`: the JSON Schema of an agent's result, written out or as a map of its properties."""

from __future__ import annotations

from typing import NoReturn

from orchestrator.definition.document import Mapping, Scalar, Sequence, Yaml, described, plain
from orchestrator.definition.model import JsonValue
from orchestrator.definition.reader import Misfit, Reader, Shape, nearest

_TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
_NESTED = ("properties", "$defs", "patternProperties")
_SINGLE = ("items", "additionalProperties", "contains", "not", "propertyNames")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_KEYWORDS = frozenset(
    {
        *("type", "enum", "const", "description", "title", "default", "examples", "format", "pattern", "required"),
        *("minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "$ref", "$schema", "$id"),
        *(*_NESTED, *_SINGLE, *_LISTS),
    }
)
_EXAMPLE = "such as `verdict: {type: string, enum: [approve, changes]}`"


def _read(value: Yaml, reader: Reader) -> dict[str, JsonValue]:
    if not isinstance(value, Mapping) or not value.entries:
        raise Misfit(value, f"`answer` is a map of properties, not {described(value)}", _EXAMPLE)
    reader.finite(value)
    found = len(reader.problems)
    schema = _schema(value, reader)
    if len(reader.problems) == found and (unusable := _unusable(schema)):
        raise Misfit(value, f"`answer` is no JSON Schema that can be checked: {unusable}")
    return schema


def _schema(value: Mapping, reader: Reader) -> dict[str, JsonValue]:
    if _is_full(value):
        _check_schema(value, reader)
        return _object(value)
    for entry in value.entries.values():
        _check_schema(entry.value, reader)
    properties = _object(value)
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _unusable(schema: dict[str, JsonValue]) -> str:
    """Why nothing can be checked against it: a pattern that is none, a reference that leads nowhere."""
    # Large, and only agents with an answer need it.
    from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

    try:
        Draft202012Validator(schema, pattern_options=RegexOptions(), retriever=_refuse)
    except ValidationError as error:
        return " ".join(error.message.split())[:300]
    return ""


def _refuse(address: str) -> NoReturn:
    raise ValueError(f"{address} is not part of it")


def _object(value: Mapping) -> dict[str, JsonValue]:
    return {key: plain(entry.value) for key, entry in value.entries.items()}


def _is_full(value: Mapping) -> bool:
    """Whether the map is a whole schema: it says `type: object` and has `properties`."""
    kind, properties = (value.entries.get(name) for name in ("type", "properties"))
    says = kind is not None and isinstance(kind.value, Scalar) and kind.value.value == "object"
    return says and properties is not None and isinstance(properties.value, Mapping)


def _check_schema(value: Yaml, reader: Reader) -> None:
    if isinstance(value, Scalar) and isinstance(plain(value), bool):
        return
    if not isinstance(value, Mapping):
        reader.problem(value, f"a property of `answer` is a JSON Schema, not {described(value)}", _EXAMPLE)
        return
    for keyword, entry in value.entries.items():
        if keyword not in _KEYWORDS:
            reader.problem(entry.key, f"unknown JSON Schema keyword `{keyword}`", nearest(keyword, _KEYWORDS))
        elif keyword == "type":
            _check_type(entry.value, reader)
        else:
            _check_below(keyword, entry.value, reader)


def _check_below(keyword: str, value: Yaml, reader: Reader) -> None:
    if keyword in _SINGLE:
        _check_schema(value, reader)
    elif keyword in _NESTED and isinstance(value, Mapping):
        for entry in value.entries.values():
            _check_schema(entry.value, reader)
    elif keyword in _LISTS and isinstance(value, Sequence):
        for item in value.items:
            _check_schema(item, reader)
    elif keyword in _NESTED or keyword in _LISTS:
        reader.problem(value, f"`{keyword}` cannot be {described(value)}")
    elif keyword in ("enum", "required") and not (isinstance(value, Sequence) and value.items):
        reader.problem(value, f"`{keyword}` is a list, not {described(value)}")


def _check_type(value: Yaml, reader: Reader) -> None:
    for item in value.items if isinstance(value, Sequence) else (value,):
        name = item.value if isinstance(item, Scalar) else ""
        if name not in _TYPES:
            hint = nearest(name, _TYPES) or f"it is one of {', '.join(_TYPES)}"
            reader.problem(item, f"a JSON Schema type cannot be {described(item)}", hint)


ANSWER = Shape(read=_read, schema={"type": "object", "minProperties": 1})
