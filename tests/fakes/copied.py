"""Copies of values as a database hands them out: nobody can change what is stored through them.

As `copy.deepcopy`, many times faster: what cannot change, and holds nothing that can, is its own copy.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, timedelta, timezone
from enum import Enum
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")
_CONSTANT = (str, bytes, int, float, bool, type(None), Enum, date, timedelta, timezone)


def copied(value: T) -> T:
    """`value`, with every list, dictionary and set in it as a new one; frozen dataclasses are all it knows beside."""
    return _copied(value)  # type: ignore[no-any-return]


def _copied(value: Any) -> Any:
    kind = type(value)
    if _is_constant(kind):
        return value
    if kind is dict:
        return {key: _copied(each) for key, each in value.items()}
    if kind is list:
        return [_copied(each) for each in value]
    if kind in (set, frozenset):
        return kind(_copied(each) for each in value)
    if kind is tuple:
        parts = tuple(_copied(each) for each in value)
        return value if all(part is each for part, each in zip(parts, value, strict=True)) else parts
    return _copied_fields(value, _names(kind))


def _copied_fields(value: Any, names: tuple[str, ...]) -> Any:
    changed = {}
    for name in names:
        held = getattr(value, name)
        if (made := _copied(held)) is not held:
            changed[name] = made
    if not changed:
        return value
    twin = object.__new__(type(value))
    for name in names:
        object.__setattr__(twin, name, changed[name] if name in changed else getattr(value, name))
    return twin


@cache
def _is_constant(kind: type) -> bool:
    return issubclass(kind, _CONSTANT)


@cache
def _names(kind: type) -> tuple[str, ...]:
    if not (is_dataclass(kind) and kind.__dataclass_params__.frozen):  # type: ignore[attr-defined]
        raise TypeError(f"a {kind.__name__} is no value that a database could hold")
    return tuple(each.name for each in fields(kind))
