"""A validator of the JSON Schema keywords that the workflow schema uses; it refuses any other keyword."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}
_REMARKS = {"$schema", "title", "description"}


def valid(value: Any, schema: dict[str, Any]) -> bool:
    """Whether `value` satisfies `schema`."""
    return all(_holds(keyword, schema, value) for keyword in schema)


def keywords(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`schema` and every schema below it."""
    yield schema
    for keyword in ("properties", "anyOf", "oneOf", "items", "additionalProperties", "propertyNames"):
        below = schema.get(keyword)
        children = list(below.values()) if keyword == "properties" and below else below
        for child in children if isinstance(children, list) else [children]:
            if isinstance(child, dict):
                yield from keywords(child)


def _is(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and not (isinstance(value, bool) and name in ("integer", "number"))


def _holds(keyword: str, schema: dict[str, Any], value: Any) -> bool:
    rule = schema[keyword]
    match keyword:
        case "type":
            return any(_is(value, name) for name in ([rule] if isinstance(rule, str) else rule))
        case "enum":
            return value in rule
        case "anyOf":
            return any(valid(value, option) for option in rule)
        case "oneOf":
            return sum(valid(value, option) for option in rule) == 1
        case "pattern":
            return not isinstance(value, str) or re.search(rule, value) is not None
        case "maxLength":
            return not isinstance(value, str) or len(value) <= rule
        case "minimum":
            return not _is(value, "number") or value >= rule
        case "exclusiveMinimum":
            return not _is(value, "number") or value > rule
        case "items":
            return not isinstance(value, list) or all(valid(item, rule) for item in value)
        case "minItems":
            return not isinstance(value, list) or len(value) >= rule
        case _ if keyword in _REMARKS:
            return True
        case _:
            return not isinstance(value, dict) or _object_holds(keyword, schema, value)


def _object_holds(keyword: str, schema: dict[str, Any], value: dict[str, Any]) -> bool:
    rule = schema[keyword]
    match keyword:
        case "required":
            return all(name in value for name in rule)
        case "properties":
            return all(valid(value[name], below) for name, below in rule.items() if name in value)
        case "propertyNames":
            return all(valid(name, rule) for name in value)
        case "additionalProperties":
            others = [item for name, item in value.items() if name not in schema.get("properties", {})]
            return not others if rule is False else all(valid(item, rule) for item in others)
        case "minProperties":
            return len(value) >= rule
        case "maxProperties":
            return len(value) <= rule
        case _:
            raise AssertionError(f"the schema uses `{keyword}`, which this validator does not know")
