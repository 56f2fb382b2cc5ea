"""Checks an agent's answer against its JSON Schema: the keywords that answers use, the others pass."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.definition.model import JsonValue

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


def answer_problems(value: JsonValue, schema: JsonValue) -> list[str]:
    """What is wrong with `value`, each with the place it stands at; empty when it fits."""
    return list(_problems(value, schema, ""))


def _problems(value: JsonValue, schema: JsonValue, at: str) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    where = f"`{at}`" if at else "it"
    types = schema.get("type")
    names = [types] if isinstance(types, str) else types if isinstance(types, list) else []
    if names and not any(_is(value, str(name)) for name in names):
        yield f"{where} is not of type {' or '.join(map(str, names))}"
        return
    options = schema.get("enum")
    if isinstance(options, list) and not any(_same(value, option) for option in options):
        yield f"{where} is not one of {', '.join(map(str, options))}"
    if "const" in schema and not _same(value, schema["const"]):
        yield f"{where} is not {schema['const']}"
    yield from _bounds(value, schema, where)
    if isinstance(value, dict):
        yield from _members(value, schema, at, where)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _problems(item, schema.get("items"), f"{at}[{number}]")


def _members(value: dict[str, JsonValue], schema: dict[str, JsonValue], at: str, where: str) -> Iterator[str]:
    required, properties = schema.get("required"), schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    for name in required if isinstance(required, list) else []:
        if name not in value:
            yield f"{where} lacks `{name}`"
    for name, member in value.items():
        if name in known:
            yield from _problems(member, known[name], f"{at}.{name}" if at else name)
        elif schema.get("additionalProperties") is False:
            yield f"{where} has an unexpected `{name}`"


def _bounds(value: JsonValue, schema: dict[str, JsonValue], where: str) -> Iterator[str]:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    length = len(value) if isinstance(value, str | list) else None
    kind = "Length" if isinstance(value, str) else "Items"
    checks = ((number, "minimum", "maximum"), (length, f"min{kind}", f"max{kind}"))
    for measured, least, most in checks:
        if measured is None:
            continue
        low, high = schema.get(least), schema.get(most)
        if isinstance(low, int | float) and measured < low:
            yield f"{where} is below {least} {low:g}"
        if isinstance(high, int | float) and measured > high:
            yield f"{where} is above {most} {high:g}"
    pattern = schema.get("pattern")
    if isinstance(value, str) and isinstance(pattern, str) and not _found(pattern, value):
        yield f"{where} does not match {pattern}"


def _found(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return True


def _same(value: JsonValue, other: JsonValue) -> bool:
    """Equal as JSON: `true` is not 1."""
    return isinstance(value, bool) == isinstance(other, bool) and value == other


def _is(value: JsonValue, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(name, (object,)))
