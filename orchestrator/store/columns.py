"""The column types of the schema: how values of the domain lie in a database, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, String, Text, TypeDecorator

from orchestrator.definition.model import JsonValue
from orchestrator.execution.outcome import Outcome
from orchestrator.execution.showing import Shown, Target
from orchestrator.store.outcome_codec import dump_outcome, load_outcome
from orchestrator.store.plain_text import storable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# Ids sort by bytes everywhere; PostgreSQL would otherwise follow the database's language.
Identifier = String().with_variant(String(collation="C"), "postgresql")
# SQLite counts up only in a column declared INTEGER.
Serial = BigInteger().with_variant(Integer, "sqlite")


class Words(TypeDecorator[str]):
    """Text that may come from outside."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class Moment(TypeDecorator[datetime]):
    """An aware time as whole microseconds since 1970 in UTC: exact, and sorted as it should be."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + value * MICROSECOND


class Status(TypeDecorator[StrEnum]):
    """A member of one of the state enums, by its value."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, _dialect: Dialect) -> str | None:
        return None if value is None else value.value

    def process_result_value(self, value: Any, _dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)


class Json(TypeDecorator[dict[str, JsonValue]]):
    """A JSON object as text. Escaped to ASCII, so that any string survives both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, JsonValue] | None, _dialect: Dialect) -> str:
        return json.dumps(value or {}, separators=(",", ":"))

    def process_result_value(self, value: Any, _dialect: Dialect) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = json.loads(value)
        return found


class Lines(TypeDecorator[tuple[str, ...]]):
    """Lines of text in order, as a JSON list."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, _dialect: Dialect) -> str:
        return json.dumps(list(value or ()), separators=(",", ":"))

    def process_result_value(self, value: Any, _dialect: Dialect) -> tuple[str, ...]:
        return tuple(json.loads(value))


class OutcomeJson(TypeDecorator[Outcome]):
    """An outcome as JSON text, or NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Outcome | None, _dialect: Dialect) -> str | None:
        return None if value is None else dump_outcome(value)

    def process_result_value(self, value: Any, _dialect: Dialect) -> Outcome | None:
        return None if value is None else load_outcome(value)


class TargetJson(TypeDecorator[Target]):
    """Where an execution is shown as JSON text, or NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Target | None, _dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(asdict(value), separators=(",", ":"))

    def process_result_value(self, value: Any, _dialect: Dialect) -> Target | None:
        return None if value is None else Target(**json.loads(value))


class ShownJson(TypeDecorator[tuple[Shown, ...]]):
    """Things that GitHub shows, as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[Shown, ...] | None, _dialect: Dialect) -> str:
        return json.dumps([asdict(thing) for thing in value or ()], separators=(",", ":"))

    def process_result_value(self, value: Any, _dialect: Dialect) -> tuple[Shown, ...]:
        return tuple(Shown(**thing) for thing in json.loads(value))


class Commits(TypeDecorator[tuple[str, ...]]):
    """Commit ids in order, in one text with spaces between."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, _dialect: Dialect) -> str:
        return " ".join(value or ())

    def process_result_value(self, value: Any, _dialect: Dialect) -> tuple[str, ...]:
        return tuple(value.split())
