"""A workflow's inputs: how a file declares them, and whether given values fit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestrator.definition import document
from orchestrator.definition.document import Yaml
from orchestrator.definition.expressions import as_text
from orchestrator.definition.expressions.values import from_float, parse_number
from orchestrator.definition.model import Input, InputType, JsonValue, Workflow
from orchestrator.definition.reader import Key, Keys, Misfit, Reader, Shape, nearest
from orchestrator.definition.shapes import (
    BOOLEAN,
    JSON,
    LITERAL,
    MAX_ENTRIES,
    MAX_NAME,
    NAME,
    NAME_HINT,
    at_most,
    is_name,
    keys_schema,
    listed,
    member,
)
from orchestrator.errors import BadInput, Problem

INPUT_KEYS = Keys(
    place="an input",
    keys={
        "type": Key(shape=member(InputType, what="type"), description="string (default), number, boolean or choice"),
        "description": Key(shape=LITERAL, description="What the input is for"),
        "required": Key(shape=BOOLEAN, description="Whether a value must be given"),
        "default": Key(shape=JSON, description="The value when none is given; it must fit the type"),
        "options": Key(shape=listed(LITERAL, single=False), description="The values of a choice"),
    },
    later=frozenset({"deprecationMessage"}),
)


class InvalidInputs(BadInput):
    """Given inputs that do not fit the workflow; carries every problem."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def check_inputs(workflow: Workflow, given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The inputs of an execution: given values, texts turned into the declared types, and defaults.

    An input without value and default is `''`, false for a boolean, 0 for a number. Raises `InvalidInputs`.
    """
    problems = [_unknown(name, workflow) for name in given if name not in workflow.inputs]
    values: dict[str, JsonValue] = {}
    for name, declared in workflow.inputs.items():
        try:
            values[name] = _value(declared, given)
        except BadInput as error:
            problems.append(Problem(message=f"input `{name}`: {error.message}", hint=error.hint))
    if problems:
        raise InvalidInputs(problems)
    return values


def _unknown(name: str, workflow: Workflow) -> Problem:
    known = ", ".join(f"`{known}`" for known in workflow.inputs)
    hint = nearest(name, workflow.inputs) or (f"it has {known}" if known else "it has none")
    return Problem(message=f"the workflow has no input `{name[:MAX_NAME]}`", hint=hint)


def _value(declared: Input, given: Mapping[str, JsonValue]) -> JsonValue:
    if given.get(declared.name) is not None:
        return coerced(declared, given[declared.name])
    if declared.default is not None:
        return declared.default
    if declared.required:
        raise BadInput("a value is required", hint=declared.description or None)
    return {InputType.BOOLEAN: False, InputType.NUMBER: 0}.get(declared.type, "")


def coerced(declared: Input, value: JsonValue) -> JsonValue:
    """`value` in the type of the input. Raises `BadInput`."""
    match declared.type:
        case InputType.NUMBER:
            return _number(value)
        case InputType.BOOLEAN:
            return _boolean(value)
        case InputType.CHOICE:
            return _option(declared, value)
        case InputType.STRING:
            return _text(value)


def _number(value: JsonValue) -> JsonValue:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return value
    number = parse_number(value) if isinstance(value, str) and value.strip() else math.nan
    if not math.isfinite(number):
        raise BadInput(f"expected a number, found {_shown(value)}")
    return from_float(number)


def _boolean(value: JsonValue) -> JsonValue:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise BadInput(f"expected true or false, found {_shown(value)}")


def _option(declared: Input, value: JsonValue) -> JsonValue:
    text = _text(value)
    if text not in declared.options:
        options = ", ".join(f"`{option}`" for option in declared.options)
        raise BadInput(f"{_shown(value)} is not one of {options}", hint=nearest(text, declared.options))
    return text


def _text(value: JsonValue) -> str:
    if isinstance(value, (list, dict)):
        raise BadInput(f"expected a text, found {_shown(value)}")
    return as_text(value)


def _shown(value: JsonValue) -> str:
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a map"
    return f"`{as_text(value)[:60]}`"


def _read_inputs(value: Yaml, reader: Reader) -> dict[str, Input]:
    if document.is_null(value):
        return {}
    if not isinstance(value, document.Mapping):
        raise Misfit(value, f"`inputs` is a map from names to inputs, not {document.described(value)}")
    at_most(MAX_ENTRIES, value, "`inputs`")
    found: dict[str, Input] = {}
    for name, entry in value.entries.items():
        if not is_name(name):
            reader.problem(entry.key, f"`{name[:MAX_NAME]}` is no name of an input", NAME_HINT)
        elif (declared := reader.attempt(_input(name), entry.value, None)) is not None:
            found[name] = declared
    return found


def _input(name: str) -> Shape[Input]:
    def read(value: Yaml, reader: Reader) -> Input:
        keys = {} if document.is_null(value) else reader.mapping(value, INPUT_KEYS)
        declared = Input(
            name=name,
            type=keys.get("type", InputType.STRING),
            description=keys.get("description", ""),
            required=keys.get("required", False),
            options=keys.get("options", ()),
        )
        return _checked(declared, keys, value)

    return Shape(read=read, schema={})


def _checked(declared: Input, keys: dict[str, Any], value: Yaml) -> Input:
    if declared.type is InputType.CHOICE and not declared.options:
        raise Misfit(value, f"the choice `{declared.name}` needs `options`", "options: [quick, full]")
    if declared.type is not InputType.CHOICE and declared.options:
        raise Misfit(value, f"`options` belong to a choice, not to a {declared.type}", "write `type: choice`")
    if keys.get("default") is None:
        return declared
    try:
        default = coerced(declared, keys["default"])
    except BadInput as error:
        message = f"the default of input `{declared.name}` does not fit: {error.message}"
        raise Misfit(_default_place(value), message, error.hint) from error
    return replace(declared, default=default)


def _default_place(value: Yaml) -> Yaml:
    return value.entries["default"].value if isinstance(value, document.Mapping) else value


INPUTS = Shape(
    read=_read_inputs,
    schema={
        "type": ["object", "null"],
        "propertyNames": NAME.schema,
        "maxProperties": MAX_ENTRIES,
        "additionalProperties": {"anyOf": [keys_schema(INPUT_KEYS), {"type": "null"}]},
    },
)
