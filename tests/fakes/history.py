"""What the records of agents come to, counted the plain way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, timedelta
from fractions import Fraction
from typing import Any

from orchestrator.execution.experience import AgentRun, Experience
from orchestrator.execution.publication import Fate, Fates, Publication
from orchestrator.lifecycle.ports import Extent, Scope

Key = Callable[[AgentRun], dict[str, Any]]


class MemoryHistory:
    """`AgentHistory` over all records there are."""

    def __init__(
        self,
        attempts: Callable[[], Sequence[AgentRun]],
        published: Callable[[], Sequence[Publication]] = lambda: (),
    ) -> None:
        self._attempts = attempts
        self._published = published

    def by_agent(self, scope: Scope) -> list[Experience]:
        return self._grouped(scope, lambda _row: {})

    def by_model(self, scope: Scope) -> list[Experience]:
        return self._grouped(scope, lambda row: {"engine": row.engine, "model": row.model})

    def by_week(self, scope: Scope) -> list[Experience]:
        return self._grouped(scope, lambda row: {"week": _monday(row)})

    def recent(self, scope: Scope, *, limit: int) -> list[AgentRun]:
        newest = sorted(self._within(scope), key=lambda row: (row.ended_at, row.execution_id, row.run, row.epoch))
        return newest[::-1][:limit]

    def extent(self, scope: Scope) -> Extent:
        rows = self._within(scope)
        return Extent(attempts=len(rows), last_at=max((row.ended_at for row in rows), default=None))

    def fates(self, scope: Scope) -> list[Fates]:
        groups: dict[tuple[str, str], list[Publication]] = defaultdict(list)
        for each in self._published():
            early = scope.since is not None and (each.published_at is None or each.published_at < scope.since)
            if early or scope.workflow_id not in (None, each.workflow_id) or (each.replayed and not scope.replayed):
                continue
            for agent in each.agents:
                if scope.agent in (None, agent):
                    groups[agent, each.kind].append(each)
        return [
            Fates(
                agent=agent,
                kind=rows[0].kind,
                published=len(rows),
                fates={fate: count for fate in Fate if (count := sum(row.fate is fate for row in rows))},
            )
            for (agent, _), rows in sorted(groups.items())
        ]

    def _grouped(self, scope: Scope, key: Key) -> list[Experience]:
        rows = self._within(scope)
        groups: dict[tuple[Any, ...], list[AgentRun]] = defaultdict(list)
        runs: dict[tuple[Any, ...], list[list[AgentRun]]] = defaultdict(list)
        for row in rows:
            groups[row.agent, *key(row).values()].append(row)
        for run in _runs(self._attempts()):
            if run[-1] in rows:
                runs[run[-1].agent, *key(run[-1]).values()].append(run)
        return [_experience(rows, runs[of], key(rows[0])) for of, rows in sorted(groups.items())]

    def _within(self, scope: Scope) -> list[AgentRun]:
        return [
            row
            for row in self._attempts()
            if (scope.replayed or not row.replayed)
            and scope.agent in (None, row.agent)
            and scope.workflow_id in (None, row.workflow_id)
            and (scope.since is None or row.ended_at >= scope.since)
        ]


def _runs(rows: Iterable[AgentRun]) -> list[list[AgentRun]]:
    """Attempts at the same with the same, in order."""
    runs: dict[tuple[object, ...], list[AgentRun]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.epoch):
        runs[row.execution_id, row.run, row.given].append(row)
    return list(runs.values())


def _experience(rows: Sequence[AgentRun], runs: Sequence[Sequence[AgentRun]], keys: dict[str, Any]) -> Experience:
    good = [row for row in rows if row.succeeded]
    costs = [row.cost_usd for row in rows if row.cost_usd is not None]
    ends = [run[-1] for run in runs]
    return Experience(
        agent=rows[0].agent,
        **keys,
        runs=len(runs),
        attempts=len(rows),
        succeeded=sum(end.succeeded for end in ends),
        cancelled=sum(end.outcome == "cancelled" for end in ends),
        flaky=sum(run[-1].succeeded and any(row.failed for row in run) for run in runs),
        retries=sum(row.retry > 0 and (row.succeeded or row.failed) for row in rows),
        outcomes=Counter(row.outcome for row in rows),
        seconds_median=_percentile([row.seconds for row in good], Fraction(1, 2)),
        seconds_p90=_percentile([row.seconds for row in good], Fraction(9, 10)),
        cost_median=_percentile([row.cost_usd for row in good if row.cost_usd is not None], Fraction(1, 2)),
        cost_total=sum(costs) if costs else None,
        cost_estimated=any(row.cost_estimated for row in rows),
        tokens_median=_percentile([row.tokens for row in good], Fraction(1, 2)),
        input_tokens=sum(row.input_tokens for row in rows),
        output_tokens=sum(row.output_tokens for row in rows),
        cache_read_tokens=sum(row.cache_read_tokens for row in rows),
        cache_write_tokens=sum(row.cache_write_tokens for row in rows),
        files_median=_percentile([row.files_changed for row in good], Fraction(1, 2)),
        commits=sum(row.committed for row in rows),
        first_at=min(row.started_at for row in rows),
        last_at=max(row.ended_at for row in rows),
    )


def _percentile(values: Sequence[float], part: Fraction) -> float | None:
    """Exact: with n values the wanted one is that at `part` of the way from the first to the last."""
    if not values:
        return None
    exact = sorted(map(Fraction, values))
    steps = part * (len(exact) - 1)
    lower = exact[steps.__floor__()]
    upper = exact[steps.__ceil__()]
    return float(lower + (upper - lower) * (steps - steps.__floor__()))


def _monday(row: AgentRun) -> date:
    day = row.ended_at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())
