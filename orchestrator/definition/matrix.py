"""`strategy.matrix`: which node runs a node becomes, by GitHub's rules.

https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations
"""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from orchestrator.definition.expressions import as_text, has_expression
from orchestrator.definition.model import JsonValue, Matrix
from orchestrator.errors import BadInput

MAX_COMBINATIONS = 256
MAX_PRODUCT = 4_096
_MAX_KEY = 100

Combination: TypeAlias = dict[str, JsonValue]
Evaluate: TypeAlias = Callable[[str], JsonValue]


def combinations(matrix: Matrix, evaluate: Evaluate) -> list[Combination]:
    """The combinations in order: the product of the axes less `exclude`, widened and followed by `include`.

    `evaluate` gives the value of a text that holds expressions. Raises `BadInput` for more than 256, for none, and
    for expressions whose values do not make a matrix.
    """
    matrix = _evaluated(matrix, evaluate)
    axes = {name: _axis(name, values) for name, values in matrix.axes.items()}
    _check_sizes(matrix, axes)
    original = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())] if axes else []
    kept = [one for one in original if not any(_matches(one, excluded) for excluded in matrix.exclude)]
    found = _included(kept, set(axes), matrix.include)
    if len(found) > MAX_COMBINATIONS:
        raise _too_many()
    if not found:
        raise BadInput("the matrix has no combination", hint="give each axis a value, and exclude fewer")
    return found


def is_static(matrix: Matrix) -> bool:
    """Whether the combinations are known without evaluating anything."""
    whole: JsonValue = [list(matrix.axes.values()), list(matrix.include), list(matrix.exclude)]
    return matrix.expression is None and not any(has_expression(text) for text in _texts(whole))


def known_keys(matrix: Matrix) -> frozenset[str] | None:
    """The names that `matrix.NAME` may take; None when only an expression knows."""
    if matrix.expression is not None:
        return None
    return frozenset(matrix.axes).union(*matrix.include)


def run_keys(node_id: str, found: Sequence[Combination]) -> list[str]:
    """The keys of all runs of a node, each one distinct; equal ones are numbered (`test (a) #2`)."""
    seen: Counter[str] = Counter()
    keys = []
    for combination in found:
        key = run_key(node_id, combination)
        seen[key] += 1
        keys.append(key if seen[key] == 1 else f"{key} #{seen[key]}")
    return keys


def run_key(node_id: str, combination: Combination) -> str:
    """`test (3.11, linux)`: the node and the values of its combination; the bare id without one."""
    if not combination:
        return node_id
    values = ", ".join(" ".join(as_text(leaf).split()) for value in combination.values() for leaf in _leaves(value))
    return f"{node_id} ({values if len(values) <= _MAX_KEY else values[: _MAX_KEY - 1] + '…'})"


def _check_sizes(matrix: Matrix, axes: dict[str, list[JsonValue]]) -> None:
    """Every entry is compared with every combination, so both are bounded before anything is excluded."""
    if (product := math.prod(map(len, axes.values()))) > MAX_PRODUCT:
        message = f"the matrix has more than {MAX_COMBINATIONS} combinations: its axes come to {product:,}"
        raise BadInput(message, hint=f"give the axes fewer values; before `exclude`, {MAX_PRODUCT:,} are the most")
    for name, entries in (("include", matrix.include), ("exclude", matrix.exclude)):
        if len(entries) > MAX_COMBINATIONS:
            message = f"`{name}` of the matrix has {len(entries):,} entries; at most {MAX_COMBINATIONS} are allowed"
            raise BadInput(message, hint="split the node")


def _too_many() -> BadInput:
    return BadInput(f"the matrix has more than {MAX_COMBINATIONS} combinations", hint="exclude some, or split the node")


def _evaluated(matrix: Matrix, evaluate: Evaluate) -> Matrix:
    if matrix.expression is not None:
        return _from_value(evaluate(matrix.expression))
    return Matrix(
        axes={name: _as_axis(name, _value(values, evaluate)) for name, values in matrix.axes.items()},
        include=[{key: _value(item, evaluate) for key, item in entry.items()} for entry in matrix.include],
        exclude=[{key: _value(item, evaluate) for key, item in entry.items()} for entry in matrix.exclude],
    )


def _from_value(value: JsonValue) -> Matrix:
    if not isinstance(value, dict):
        raise BadInput("`matrix` must be an object", hint="such as `${{ fromJSON(inputs.matrix) }}` of a JSON object")
    axes = {name: _as_axis(name, item) for name, item in value.items() if name not in ("include", "exclude")}
    include, exclude = (_entries(name, value.get(name)) for name in ("include", "exclude"))
    return Matrix(axes=axes, include=include, exclude=exclude)


def _entries(name: str, value: JsonValue) -> list[dict[str, JsonValue]]:
    entries = [] if value is None else value
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadInput(f"`{name}` of the matrix must be a list of objects")
    return [entry for entry in entries if isinstance(entry, dict)]


def _as_axis(name: str, value: JsonValue) -> list[JsonValue] | str:
    if not isinstance(value, list):
        raise BadInput(f"the matrix axis `{name}` must be a list, not {as_text(value) or 'nothing'!r}")
    return value


def _axis(name: str, values: list[JsonValue] | str) -> list[JsonValue]:
    if isinstance(values, str) or not values:
        raise BadInput(f"the matrix axis `{name}` has no value")
    return values


def _value(value: JsonValue, evaluate: Evaluate) -> JsonValue:
    match value:
        case str():
            return evaluate(value) if has_expression(value) else value
        case list():
            return [_value(item, evaluate) for item in value]
        case dict():
            return {key: _value(item, evaluate) for key, item in value.items()}
        case _:
            return value


def _included(kept: list[Combination], axes: set[str], include: list[Combination]) -> list[Combination]:
    """Each entry widens every combination whose axes it does not contradict; where there is none, it stands alone."""
    widened = [dict(one) for one in kept]
    alone: list[Combination] = []
    for entry in include:
        own = {key: value for key, value in entry.items() if key in axes}
        fitting = [wide for wide, one in zip(widened, kept, strict=True) if _matches(one, own)]
        for wide in fitting:
            wide.update(entry)
        if not fitting:
            alone.append(dict(entry))
    return widened + alone


def _matches(combination: Combination, pattern: Combination) -> bool:
    return all(key in combination and _same(combination[key], value) for key, value in pattern.items())


def _same(left: JsonValue, right: JsonValue) -> bool:
    if left != right or isinstance(left, str):
        return left == right
    # Python takes 1 for True; a matrix does not.
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _leaves(value: JsonValue) -> Iterator[JsonValue]:
    children = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    if children is None:
        yield value
    else:
        for child in children:
            yield from _leaves(child)


def _texts(value: JsonValue) -> Iterator[str]:
    return (leaf for leaf in _leaves(value) if isinstance(leaf, str))
