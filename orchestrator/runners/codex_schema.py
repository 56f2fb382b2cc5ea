"""JSON Schemas as OpenAI's structured outputs want them, and answers as the author's schema wants them.

Every property has to be required and none may be added; what is optional may be null instead:
https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

from __future__ import annotations

from orchestrator.definition.model import JsonValue

_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_MAPS = ("$defs", "properties")


def strict(schema: JsonValue) -> JsonValue:
    """`schema` with every property required, and optional ones nullable."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _below(name, value) for name, value in schema.items()}
    properties = made.get("properties")
    if not isinstance(properties, dict):
        return made
    required = schema.get("required")
    needed = required if isinstance(required, list) else []
    made["properties"] = {name: each if name in needed else _nullable(each) for name, each in properties.items()}
    return {**made, "required": list(properties), "additionalProperties": False}


def without_nulls(answer: JsonValue, schema: JsonValue) -> JsonValue:
    """`answer` without the nulls that stand for what the author's `schema` lets out."""
    if not isinstance(schema, dict):
        return answer
    if isinstance(answer, list):
        return [without_nulls(each, schema.get("items")) for each in answer]
    properties = schema.get("properties")
    if not isinstance(answer, dict) or not isinstance(properties, dict):
        return answer
    required = schema.get("required")
    needed = required if isinstance(required, list) else []
    return {
        name: without_nulls(value, properties.get(name))
        for name, value in answer.items()
        if value is not None or name in needed or _takes_null(properties.get(name))
    }


def _below(name: str, value: JsonValue) -> JsonValue:
    if name in _MAPS and isinstance(value, dict):
        return {each: strict(below) for each, below in value.items()}
    return strict(value) if name in ("items", *_LISTS) else value


def _nullable(schema: JsonValue) -> JsonValue:
    return schema if _takes_null(schema) else {"anyOf": [schema, {"type": "null"}]}


def _takes_null(schema: JsonValue) -> bool:
    kind = schema.get("type") if isinstance(schema, dict) else None
    return kind == "null" or (isinstance(kind, list) and "null" in kind)
