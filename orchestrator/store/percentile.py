"""`percentile(fraction, value)`, interpolated and blind to NULL, for both databases: PostgreSQL has it, SQLite is given
it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_NAME = "mycelium_percentile"


class Percentile(FunctionElement[float]):
    """The value below which that fraction of the values lies; between two of them, as far as it is between them."""

    inherit_cache = True
    type = Float()

    def __init__(self, fraction: ColumnElement[float], value: ColumnElement[Any]) -> None:
        super().__init__(fraction, value)


@compiles(Percentile, "postgresql")
def _on_postgresql(element: Percentile, compiler: SQLCompiler, **how: Any) -> str:
    fraction, value = (compiler.process(clause, **how) for clause in element.clauses)
    return f"percentile_cont({fraction}) WITHIN GROUP (ORDER BY {value})"


@compiles(Percentile, "sqlite")
def _on_sqlite(element: Percentile, compiler: SQLCompiler, **how: Any) -> str:
    return f"{_NAME}({compiler.process(element.clauses, **how)})"


class _Aggregate:
    """As PostgreSQL's `percentile_cont`."""

    def __init__(self) -> None:
        self._fraction = 0.5
        self._values: list[float] = []

    def step(self, fraction: float, value: float | None) -> None:
        if value is not None:
            self._fraction = fraction
            self._values.append(value)

    def finalize(self) -> float | None:
        return interpolated(self._values, self._fraction) if self._values else None


def interpolated(values: list[float], fraction: float) -> float:
    """The percentile of one value or more; `fraction` is from 0 to 1."""
    ranked = sorted(values)
    position = fraction * (len(ranked) - 1)
    below = int(position)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (ranked[above] - ranked[below]) * (position - below)


def teach(connection: Any) -> None:
    """Give a connection of the driver `sqlite3` the aggregate."""
    connection.create_aggregate(_NAME, 2, _Aggregate)
