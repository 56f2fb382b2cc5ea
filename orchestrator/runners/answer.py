"""Checks an agent's answer against its JSON Schema."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NoReturn

from orchestrator.definition.model import JsonValue

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

MOST_PROBLEMS: Final = 20
SHOWN_CHARACTERS: Final = 300


def answer_problems(value: JsonValue, schema: dict[str, JsonValue]) -> list[str]:
    """What is wrong with `value`, each with the place it stands at; empty when it fits."""
    # Large, and only agents with an answer need it.
    from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

    try:
        # Patterns are matched in linear time: no answer can make one of them run for ever.
        validator = Draft202012Validator(schema, pattern_options=RegexOptions(), retriever=_refuse)
        return [_told(error) for error in islice(validator.iter_errors(value), MOST_PROBLEMS)]
    except ValidationError as error:
        return [f"its schema cannot be used: {_clipped(error.message)}"]


def _refuse(address: str) -> NoReturn:
    raise ValueError(f"{address} is not part of the schema")


def _told(error: ValidationError) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path)
    where = f"`{place.removeprefix('.')}`: " if place else ""
    return where + _clipped(error.message)


def _clipped(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARACTERS else line[:SHOWN_CHARACTERS] + "…"
