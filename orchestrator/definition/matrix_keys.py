"""`strategy`: the keys of a matrix, as a file writes them."""

from __future__ import annotations

from orchestrator.definition.document import Mapping, Scalar, Sequence, Yaml, described, is_null
from orchestrator.definition.expressions import has_expression
from orchestrator.definition.matrix import MAX_COMBINATIONS, combinations, is_static
from orchestrator.definition.model import JsonValue, Matrix
from orchestrator.definition.reader import Key, Keys, Misfit, Reader, Shape
from orchestrator.definition.shapes import JSON_TEMPLATE, NAME, NAME_HINT, TEMPLATE, is_name, keyed
from orchestrator.errors import BadInput


def _read_matrix(value: Yaml, reader: Reader) -> Matrix:
    outer, reader.field = reader.field, "matrix"
    try:
        matrix = _matrix(value, reader)
    finally:
        reader.field = outer
    if is_static(matrix):
        try:
            combinations(matrix, lambda text: text)
        except BadInput as error:
            reader.problem(value, error.message, error.hint)
    return matrix


def _matrix(value: Yaml, reader: Reader) -> Matrix:
    if isinstance(value, Scalar) and has_expression(value.value):
        return Matrix(expression=TEMPLATE.read(value, reader).strip())
    if not isinstance(value, Mapping):
        raise Misfit(value, f"`matrix` is a map of axes or one expression, not {described(value)}")
    axes: dict[str, list[JsonValue] | str] = {}
    for name, entry in value.entries.items():
        if name in ("include", "exclude"):
            continue
        if not is_name(name):
            raise Misfit(entry.key, f"`{name[:100]}` is no name of an axis", NAME_HINT)
        axes[name] = _axis(name, entry.value, reader)
    include, exclude = (_entries(value, name, reader) for name in ("include", "exclude"))
    _check_excluded(value, axes, exclude)
    return Matrix(axes=axes, include=include, exclude=exclude)


def _axis(name: str, value: Yaml, reader: Reader) -> list[JsonValue] | str:
    if isinstance(value, Scalar) and has_expression(value.value):
        return TEMPLATE.read(value, reader).strip()
    if not isinstance(value, Sequence):
        raise Misfit(value, f"the axis `{name}` is a list, not {described(value)}")
    if not value.items:
        raise Misfit(value, f"the axis `{name}` has no value")
    return [JSON_TEMPLATE.read(item, reader) for item in value.items]


def _entries(matrix: Mapping, name: str, reader: Reader) -> list[dict[str, JsonValue]]:
    entry = matrix.entries.get(name)
    if entry is None or is_null(entry.value):
        return []
    if not isinstance(entry.value, Sequence):
        hint = "write the whole matrix as one expression" if isinstance(entry.value, Scalar) else None
        raise Misfit(entry.value, f"`{name}` is a list of maps, not {described(entry.value)}", hint)
    return [_combination(item, name, reader) for item in entry.value.items]


def _combination(value: Yaml, name: str, reader: Reader) -> dict[str, JsonValue]:
    if not isinstance(value, Mapping) or not value.entries:
        raise Misfit(value, f"an entry of `{name}` is a map, not {described(value)}")
    return {key: JSON_TEMPLATE.read(entry.value, reader) for key, entry in value.entries.items()}


def _check_excluded(
    value: Mapping, axes: dict[str, list[JsonValue] | str], exclude: list[dict[str, JsonValue]]
) -> None:
    for entry in exclude:
        if stray := [key for key in entry if key not in axes]:
            at = value.entries["exclude"].value
            raise Misfit(at, f"`exclude` names `{stray[0]}`, which is no axis", "exclude by the names of the axes")


_COMBINATION: dict[str, JsonValue] = {"type": "object", "minProperties": 1}
_MATRIX = Shape(
    read=_read_matrix,
    schema={
        "anyOf": [
            {"type": "string", "pattern": r"\$\{\{"},
            {
                "type": "object",
                "minProperties": 1,
                "propertyNames": NAME.schema,
                "properties": {
                    "include": {"type": "array", "items": _COMBINATION},
                    "exclude": {"type": "array", "items": _COMBINATION},
                },
                "additionalProperties": {"anyOf": [{"type": "array", "minItems": 1}, {"type": "string"}]},
            },
        ]
    },
)
STRATEGY_KEYS = Keys(
    place="`strategy`",
    keys={
        "matrix": Key(
            shape=_MATRIX,
            description=f"Axes with their values, include and exclude: at most {MAX_COMBINATIONS} combinations",
            required=True,
        )
    },
    later=frozenset({"max-parallel", "fail-fast"}),
)
STRATEGY = keyed(STRATEGY_KEYS, lambda keys, *_: keys.get("matrix"))
