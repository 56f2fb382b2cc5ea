"""One agent as the page of all agents shows it: bars by week and by outcome, its models, its last attempts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from orchestrator.execution.experience import CANCELLED, LOST, SUCCESS, AgentRun, Experience
from orchestrator.report.experience import AgentReport, columns, facts, published, success, usual
from orchestrator.report.numbers import human_cost
from orchestrator.site.files import slug

WEEKS = 13
HEIGHT = 22


@dataclass(frozen=True, kw_only=True, slots=True)
class WeekBar:
    """One week: how high its successes stand, and its failures on top of them, in pixels."""

    x: int
    succeeded: float
    failed: float
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OutcomeBar:
    """How many attempts ended in one way, and which share of all, in percent."""

    name: str
    state: str
    count: int
    width: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelRow:
    """One engine and model. The bars are medians as shares of the largest in the table, in percent."""

    name: str
    engine: str
    runs: str
    success: str
    time: str
    cost: str
    flaky: str
    time_width: float
    cost_width: float


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptRow:
    """One attempt; `href` is empty where its execution has no page any more."""

    state: str
    outcome: str
    title: str
    href: str
    key: str
    retry: int
    model: str
    seconds: float
    cost: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionLink:
    """How an attempt's execution is called, and where its page lies."""

    title: str
    href: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentSection:
    """Everything the template needs."""

    name: str
    anchor: str
    lede: str
    facts: tuple[tuple[str, str], ...]
    runs: str
    success: str
    time: str
    cost: str
    flaky: str
    weeks: tuple[WeekBar, ...]
    outcomes: tuple[OutcomeBar, ...]
    models: tuple[ModelRow, ...]
    recent: tuple[AttemptRow, ...]


def agent_anchor(name: str) -> str:
    """The id of an agent's section: the same on every page, and no two alike."""
    plain = slug(name)
    if plain == name:
        return f"agent-{plain}"
    return f"agent-{plain}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:6]}"


def agent_section(told: AgentReport, today: date, executions: Mapping[str, ExecutionLink]) -> AgentSection:
    total = told.total
    runs, succeeded, time, cost, flaky = columns(total)
    said = usual(total) or success(total)
    return AgentSection(
        name=total.agent,
        anchor=agent_anchor(total.agent),
        lede=f"{said[0].upper()}{said[1:]}.",
        facts=(
            *((name, value) for name, value in facts(total) if name not in ("Success", "Failures")),
            *published(told.fates),
        ),
        runs=runs,
        success=succeeded,
        time=time,
        cost=cost,
        flaky=flaky,
        weeks=_weeks(told.weeks, today),
        outcomes=_outcomes(total),
        models=_models(told.models),
        recent=tuple(_attempt(each, executions) for each in told.recent),
    )


def _weeks(weeks: Iterable[Experience], today: date) -> tuple[WeekBar, ...]:
    known = {each.week: each for each in weeks}
    last = today - timedelta(days=today.weekday())
    shown = [last - timedelta(weeks=back) for back in range(WEEKS)][::-1]
    most = max((_counted(known[week]) for week in shown if week in known), default=0) or 1
    return tuple(
        _week_bar(place, week, known[week], (HEIGHT - 2) / most) for place, week in enumerate(shown) if week in known
    )


def _week_bar(place: int, week: date, found: Experience, scale: float) -> WeekBar:
    return WeekBar(
        x=place * 6,
        succeeded=found.succeeded * scale,
        failed=(_counted(found) - found.succeeded) * scale,
        title=f"Week of {week.day} {week:%b}: {success(found)}",
    )


def _counted(found: Experience) -> int:
    return found.runs - found.cancelled


def _outcomes(found: Experience) -> tuple[OutcomeBar, ...]:
    ranked = sorted(found.outcomes.items(), key=lambda each: (each[0] != SUCCESS, -each[1], each[0]))
    return tuple(
        OutcomeBar(name=name, state=_state(name), count=count, width=100 * count / found.attempts)
        for name, count in ranked
    )


def _models(models: Iterable[Experience]) -> tuple[ModelRow, ...]:
    ranked = sorted(models, key=lambda each: -each.attempts)
    slowest = max((each.seconds_median or 0.0 for each in ranked), default=0.0) or 1.0
    dearest = max((each.cost_median or 0.0 for each in ranked), default=0.0) or 1.0
    return tuple(
        _model_row(each, 100 * (each.seconds_median or 0.0) / slowest, 100 * (each.cost_median or 0.0) / dearest)
        for each in ranked
    )


def _model_row(found: Experience, time_width: float, cost_width: float) -> ModelRow:
    runs, succeeded, time, cost, flaky = columns(found)
    return ModelRow(
        name=found.model or "not told",
        engine=found.engine or "not told",
        runs=runs,
        success=succeeded,
        time=time,
        cost=cost,
        flaky=flaky,
        time_width=time_width,
        cost_width=cost_width,
    )


def _attempt(row: AgentRun, executions: Mapping[str, ExecutionLink]) -> AttemptRow:
    link = executions.get(row.execution_id) or ExecutionLink(title=row.workflow_id, href="")
    return AttemptRow(
        state=_state(row.outcome),
        outcome=row.outcome,
        title=link.title,
        href=link.href,
        key=row.key,
        retry=row.retry,
        model=row.model,
        seconds=row.seconds,
        cost="" if row.cost_usd is None else human_cost(row.cost_usd, row.cost_estimated),
        at=row.ended_at,
    )


def _state(outcome: str) -> str:
    """Of what is nobody's fault, that the attempt came to no end."""
    return {SUCCESS: "completed", CANCELLED: "cancelled", LOST: "cancelled"}.get(outcome, "failed")
