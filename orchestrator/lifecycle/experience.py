"""What agents have done lately, put together for reports, pages and programs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from orchestrator.definition.model import JsonValue
from orchestrator.execution.experience import Experience
from orchestrator.lifecycle.ports import AgentHistory, Scope
from orchestrator.report.experience import AgentReport, AgentsReport

DAYS: Final = 90
"""How far back is looked unless somebody asks for more: agents and models change."""


def since(today: date, days: int) -> datetime:
    """The midnight, in UTC, that so many days begin with; the last of them is `today`."""
    return datetime.combine(today - timedelta(days=days - 1), time(), UTC)


def by_agent(history: AgentHistory, scope: Scope) -> dict[str, Experience]:
    """What each agent's attempts come to, by name."""
    return {found.agent: found for found in history.by_agent(scope)}


def report(history: AgentHistory, scope: Scope, *, today: date, days: int = DAYS, recent: int = 0) -> AgentsReport:
    """Every agent of the scope in the last `days`, each with its last attempts, `recent` of them."""
    scope = replace(scope, since=since(today, days))
    totals = history.by_agent(scope)
    models, weeks = _grouped(history.by_model(scope)), _grouped(history.by_week(scope))
    fates = history.fates(scope)
    agents = tuple(
        AgentReport(
            total=total,
            models=tuple(models[total.agent]),
            weeks=tuple(weeks[total.agent]),
            recent=tuple(history.recent(replace(scope, agent=total.agent), limit=recent)) if recent else (),
            fates=tuple(each for each in fates if each.agent == total.agent),
        )
        for total in totals
    )
    left_out = history.extent(replace(scope, replayed=True)).attempts - sum(found.attempts for found in totals)
    return AgentsReport(days=days, today=today, agents=agents, left_out=left_out)


def as_json(found: Experience) -> dict[str, JsonValue]:
    """What attempts come to, as the REST API shows it. Shares are from 0 to 1, times in seconds."""
    return {
        "runs": found.runs,
        "attempts": found.attempts,
        "succeeded": found.succeeded,
        "cancelled": found.cancelled,
        "success_rate": _rounded(found.success_rate),
        "flakiness": _rounded(found.flakiness),
        "retries_per_run": _rounded(found.retries_per_run),
        "outcomes": dict(found.outcomes),
        "seconds": {"median": _rounded(found.seconds_median), "p90": _rounded(found.seconds_p90)},
        "cost_usd": {
            "median": _rounded(found.cost_median),
            "total": _rounded(found.cost_total),
            "estimated": found.cost_estimated,
        },
        "tokens": {
            "median": found.tokens_median,
            "input": found.input_tokens,
            "output": found.output_tokens,
            "cache_read": found.cache_read_tokens,
            "cache_write": found.cache_write_tokens,
        },
        "files_changed": {"median": found.files_median},
        "commits": found.commits,
        "first_at": found.first_at.isoformat().replace("+00:00", "Z"),
        "last_at": found.last_at.isoformat().replace("+00:00", "Z"),
    }


def report_as_json(told: AgentReport) -> dict[str, JsonValue]:
    """One agent: everything together, then by engine and model, then by week; and what became of its work."""
    models: list[JsonValue] = [{"engine": each.engine, "model": each.model, **as_json(each)} for each in told.models]
    weeks: list[JsonValue] = [
        {"week": each.week.isoformat() if each.week else None, **as_json(each)} for each in told.weeks
    ]
    published: dict[str, JsonValue] = {
        each.kind.value: {"total": each.published, **{fate.value: count for fate, count in each.fates.items()}}
        for each in told.fates
    }
    return {**as_json(told.total), "models": models, "weeks": weeks, "published": published}


def _rounded(figure: float | None) -> float | None:
    """To millionths, of a dollar for example: what is beyond comes from adding up."""
    return None if figure is None else round(figure, 6)


def _grouped(found: Iterable[Experience]) -> dict[str, list[Experience]]:
    groups: dict[str, list[Experience]] = defaultdict(list)
    for each in found:
        groups[each.agent].append(each)
    return groups
