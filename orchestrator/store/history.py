"""What the records of agents come to, on SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Label,
    Select,
    and_,
    case,
    func,
    literal_column,
    select,
    type_coerce,
)

from orchestrator.execution.experience import CANCELLED, LOST, SUCCESS, AgentRun, Experience
from orchestrator.execution.publication import Fates
from orchestrator.lifecycle.ports import Extent, Scope
from orchestrator.store.faults import translated
from orchestrator.store.percentile import Percentile
from orchestrator.store.plain_column import PlainColumn
from orchestrator.store.publications import read_fates
from orchestrator.store.schema import ATTEMPT_COLUMNS, agent_runs

_FIRST_MONDAY: Final = date(1970, 1, 5)
_DAY: Final = 86_400_000_000
"""Microseconds, as times are stored."""

_SUMMED: Final = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
_ROW = agent_runs.c
_AGENT = (_ROW.agent,)
_MODEL = (_ROW.agent, _ROW.engine, _ROW.model)
_WEEK: Label[int] = ((type_coerce(_ROW.ended_at, BigInteger) - 4 * _DAY) // (7 * _DAY)).label("week")
Keys = Sequence[ColumnElement[Any]]


class SqlHistory:
    """`AgentHistory` on an engine. `where` names the database in errors."""

    def __init__(self, engine: Engine, where: str) -> None:
        self._engine = engine
        self._where = where

    def by_agent(self, scope: Scope) -> list[Experience]:
        return self._experiences(scope, _AGENT)

    def by_model(self, scope: Scope) -> list[Experience]:
        return self._experiences(scope, _MODEL)

    def by_week(self, scope: Scope) -> list[Experience]:
        return self._experiences(scope, (*_AGENT, _WEEK))

    def recent(self, scope: Scope, *, limit: int) -> list[AgentRun]:
        newest = (_ROW.ended_at.desc(), _ROW.execution_id.desc(), _ROW.run.desc(), _ROW.epoch.desc())
        query = select(*ATTEMPT_COLUMNS).where(*_within(scope)).order_by(*newest).limit(limit)
        with self._reading() as connection:
            return [AgentRun(**row) for row in connection.execute(query).mappings()]

    def extent(self, scope: Scope) -> Extent:
        query = select(func.count(), func.max(_ROW.ended_at)).select_from(agent_runs).where(*_within(scope))
        with self._reading() as connection:
            row = connection.execute(query).one()
        return Extent(attempts=row[0], last_at=row[1])

    def fates(self, scope: Scope) -> list[Fates]:
        with self._reading() as connection:
            return read_fates(connection, scope)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated(self._where), self._engine.connect() as connection:
            yield connection

    def _experiences(self, scope: Scope, keys: Keys) -> list[Experience]:
        outcomes: dict[tuple[object, ...], dict[str, int]] = defaultdict(dict)
        with self._reading() as connection:
            rows = [dict(row) for row in connection.execute(_figures(scope, keys)).mappings()]
            for *of, outcome, count in connection.execute(_outcomes(scope, keys)):
                outcomes[tuple(of)][outcome] = count
        # Sorted here: databases sort texts each in their own way.
        by_keys = sorted((tuple(row[str(key.key)] for key in keys), row) for row in rows)
        return [_experience(row, outcomes[of]) for of, row in by_keys]


def _within(scope: Scope) -> Iterator[ColumnElement[bool]]:
    if scope.agent is not None:
        yield _ROW.agent == scope.agent
    if scope.workflow_id is not None:
        yield _ROW.workflow_id == scope.workflow_id
    if scope.since is not None:
        yield _ROW.ended_at >= scope.since
    if not scope.replayed:
        yield _ROW.replayed.is_(False)


def _figures(scope: Scope, keys: Keys) -> Select[Any]:
    """A row for each group of attempts. Those at one node run that were given the same count as one, with the last."""
    success = _ROW.outcome == SUCCESS
    tokens = _ROW.input_tokens + _ROW.output_tokens + _ROW.cache_read_tokens + _ROW.cache_write_tokens
    return (
        select(
            *keys,
            func.count().label("attempts"),
            _count(_ROW.last).label("runs"),
            _count(and_(_ROW.last, success)).label("succeeded"),
            _count(and_(_ROW.last, _ROW.outcome == CANCELLED)).label("cancelled"),
            _count(and_(_ROW.last, success, _ROW.failed_before)).label("flaky"),
            _count(and_(_ROW.attempt > 1, _ROW.outcome.not_in((LOST, CANCELLED)))).label("retries"),
            _count(_ROW.committed).label("commits"),
            _count(_ROW.cost_estimated).label("estimates"),
            func.sum(_ROW.cost_usd).label("cost_total"),
            *(func.sum(_ROW[name]).label(name) for name in _SUMMED),
            _percentile("0.5", success, _ROW.seconds).label("seconds_median"),
            _percentile("0.9", success, _ROW.seconds).label("seconds_p90"),
            _percentile("0.5", success, _ROW.cost_usd).label("cost_median"),
            _percentile("0.5", success, tokens).label("tokens_median"),
            _percentile("0.5", success, _ROW.files_changed).label("files_median"),
            func.min(_ROW.started_at).label("first_at"),
            func.max(_ROW.ended_at).label("last_at"),
        )
        .where(*_within(scope))
        .group_by(*_grouping(keys))
    )


def _outcomes(scope: Scope, keys: Keys) -> Select[Any]:
    by = (*keys, _ROW.outcome)
    grouping = _grouping(by) if keys is _MODEL else by
    return select(*by, func.count()).where(*_within(scope)).group_by(*grouping)


def _grouping(keys: Keys) -> Keys:
    """By agent first: there is an index on that, which has all that counting outcomes asks for, and no more."""
    return (PlainColumn(keys[0]), *keys[1:])


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _percentile(fraction: str, condition: ColumnElement[bool], value: Any) -> ColumnElement[float]:
    return Percentile(literal_column(fraction), case((condition, value)))


def _experience(row: dict[Any, Any], outcomes: Mapping[str, int]) -> Experience:
    values = {str(name): value for name, value in row.items() if name not in ("week", "estimates")}
    week = _FIRST_MONDAY + timedelta(weeks=row["week"]) if "week" in row else None
    sums = {name: int(row[name]) for name in _SUMMED}
    return Experience(**{**values, **sums}, week=week, outcomes=outcomes, cost_estimated=row["estimates"] > 0)
