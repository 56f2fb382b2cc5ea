"""GitHub's coercions: truthiness, loose equality, ordering, and turning values into numbers and text.

They follow JavaScript's abstract equality, except that strings compare without case and objects are never coerced.
"""

from __future__ import annotations

import math
import re

from orchestrator.definition.model import JsonValue

_DECIMAL = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_OCTAL = re.compile(r"0o[0-7]+")
_EXACT_INTEGER = 2**53


def is_primitive(value: JsonValue) -> bool:
    """Whether `value` is null, a boolean, a number or a string."""
    return not isinstance(value, (list, dict))


def is_truthy(value: JsonValue) -> bool:
    """False for null, false, 0, NaN and the empty string; an empty list or object is true."""
    if isinstance(value, (list, dict)):
        return True
    if isinstance(value, float) and math.isnan(value):
        return False
    return bool(value)


def to_number(value: JsonValue) -> float:
    """`value` as a number; NaN where there is none."""
    if value is None:
        return 0.0
    if isinstance(value, str):
        return parse_number(value)
    if isinstance(value, (bool, int, float)):
        return _as_float(value)
    return math.nan


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def parse_number(text: str) -> float:
    """The number that `text` spells: decimal, exponent, `0x` or `0o` of 32 bits, Infinity; '' is 0, the rest NaN."""
    text = text.strip()
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _HEXADECIMAL.fullmatch(text):
        return _signed_32_bits(int(text[2:34], 16), len(text) > 34)
    if _OCTAL.fullmatch(text):
        return _signed_32_bits(int(text[2:66], 8), len(text) > 66)
    return {"Infinity": math.inf, "-Infinity": -math.inf}.get(text, math.nan)


def _signed_32_bits(value: int, too_long: bool) -> float:
    # GitHub parses into a signed 32-bit integer, so 0xFFFFFFFF is -1 there.
    if too_long or value >= 2**32:
        return math.nan
    return float(value - 2**32 if value >= 2**31 else value)


def from_float(value: float) -> int | float:
    """An int where the number is whole and exact, so that `5` stays 5 when it becomes JSON."""
    return int(value) if value.is_integer() and abs(value) < _EXACT_INTEGER else value


def to_text(value: JsonValue) -> str:
    """`value` as GitHub puts it into a text; a list is `Array` and an object `Object`."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return _number_text(_as_float(value))
        case list():
            return "Array"
        case _:
            return "Object"


def _number_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return format(value, ".15g").upper()


def fold(text: str) -> str:
    """`text` for comparing without case, character by character (`ß` stays one character)."""
    folded = text.upper()
    if len(folded) == len(text):
        return folded
    return "".join(upper if len(upper := character.upper()) == 1 else character for character in text)


def equal(left: JsonValue, right: JsonValue) -> bool:
    """`left == right`."""
    if isinstance(left, (list, dict)) or isinstance(right, (list, dict)):
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return fold(left) == fold(right)
    # NaN differs from everything, itself included, in Python as in GitHub's rules.
    return (left is None and right is None) or to_number(left) == to_number(right)


def less(left: JsonValue, right: JsonValue) -> bool:
    """`left < right`; false where either is a list or an object, or not a number."""
    if not (is_primitive(left) and is_primitive(right)) or (left is None and right is None):
        return False
    if isinstance(left, str) and isinstance(right, str):
        return fold(left) < fold(right)
    return to_number(left) < to_number(right)
