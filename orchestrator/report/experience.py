"""What agents have done so far, in words and figures as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from orchestrator.definition.publish import PublishKind
from orchestrator.execution.experience import CANCELLED, SUCCESS, AgentRun, Experience
from orchestrator.execution.publication import Fates
from orchestrator.report.duration import human_duration
from orchestrator.report.numbers import human_cost, human_count, plural

TELLING: Final = 5
"""Runs from which on something can be called usual."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentReport:
    """One agent: everything together, by engine and model, by week (oldest first), its last attempts, and what people
    did with what was published of its work."""

    total: Experience
    models: tuple[Experience, ...] = ()
    weeks: tuple[Experience, ...] = ()
    recent: tuple[AgentRun, ...] = ()
    fates: tuple[Fates, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentsReport:
    """All agents that have run in the last `days`, `today` included, by name.

    `left_out` counts attempts that were only replayed.
    """

    days: int
    today: date
    agents: tuple[AgentReport, ...] = ()
    left_out: int = 0


def percent(share: float | None) -> str:
    """`92 %`; only all is `100 %` and only nothing `0 %`, and `–` is a share of nothing."""
    if share is None:
        return "–"
    rounded = round(share * 100)
    if rounded == 100 and share < 1:
        return "99 %"
    return "1 %" if rounded == 0 and share > 0 else f"{rounded} %"


def usual(found: Experience) -> str:
    """`usually 1m 20s, $0.04; 92 % of 48 runs succeeded`; empty as long as it is too early to tell."""
    if found.runs - found.cancelled < TELLING:
        return ""
    parts = [_seconds(found.seconds_median), _cost(found.cost_median, found)]
    known = ", ".join(part for part in parts if part)
    return f"usually {known}; {success(found)}" if known else success(found)


def success(found: Experience) -> str:
    """`92 % of 48 runs succeeded`."""
    counted = found.runs - found.cancelled
    if counted == 0:
        return "no run has come to an end"
    return f"{percent(found.success_rate)} of {plural(counted, 'run')} succeeded"


def facts(found: Experience) -> Iterator[tuple[str, str]]:
    """What there is to tell, by name. Times, costs and tokens are medians of what succeeded."""
    cancelled = f", {found.cancelled} cancelled" if found.cancelled else ""
    yield "Success", f"{success(found)}{cancelled}"
    if found.seconds_median is not None:
        most = f", 9 of 10 within {_seconds(found.seconds_p90)}" if found.succeeded >= TELLING else ""
        yield "Time", f"{_seconds(found.seconds_median)}{most}"
    if found.cost_total is not None:
        usually = f"{_cost(found.cost_median, found)}, " if found.cost_median is not None else ""
        yield "Cost", f"{usually}{_cost(found.cost_total, found)} in all"
    if found.tokens:
        usually = f"{human_count(round(found.tokens_median))}, " if found.tokens_median else ""
        yield "Tokens", f"{usually}{human_count(found.tokens)} in all"
    if found.commits and found.files_median is not None:
        yield "Files", f"{found.files_median:g} changed, {plural(found.commits, 'commit')} in all"
    if found.retries:
        yield "Retries", f"{found.retries_per_run:.2g} a run"
    if found.flaky:
        yield "Flaky", f"{percent(found.flakiness)} failed first and succeeded in the end"
    if failed := failures(found):
        yield "Failures", ", ".join(f"{count} {name}" for name, count in failed)


def published(fates: Iterable[Fates]) -> Iterator[tuple[str, str]]:
    """What left Mycelium of an agent's work, and what people did with it: `12: 7 merged, 3 open`, by kind."""
    for each in fates:
        told = ", ".join(f"{count} {fate.value}" for fate, count in each.fates.items())
        yield _KINDS[each.kind], f"{each.published}: {told}" if told else f"{each.published}"


_KINDS: Final = {
    PublishKind.PULL_REQUEST: "Pull requests",
    PublishKind.PUSH: "Pushes",
    PublishKind.REVIEW: "Reviews",
    PublishKind.COMMENT: "Comments",
    PublishKind.LABELS: "Labels",
    PublishKind.ISSUE: "Issues",
}


def failures(found: Experience) -> list[tuple[str, int]]:
    """How often attempts ended in each class of failure, the most frequent first."""
    failed = [(name, count) for name, count in found.outcomes.items() if name not in (SUCCESS, CANCELLED)]
    return sorted(failed, key=lambda each: (-each[1], each[0]))


def columns(found: Experience | None) -> tuple[str, str, str, str, str]:
    """Runs, success, time, cost and flakiness, for a row of a table."""
    if found is None:
        return "–", "–", "–", "–", "–"
    return (
        f"{found.runs:,}",
        percent(found.success_rate),
        _seconds(found.seconds_median) or "–",
        _cost(found.cost_median, found) or "–",
        percent(found.flakiness),
    )


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else human_duration(seconds)


def _cost(usd: float | None, found: Experience) -> str:
    return "" if usd is None else human_cost(usd, found.cost_estimated)
