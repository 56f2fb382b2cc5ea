"""How long it takes to tell what agents have done, from the records of 100,000 attempts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from statistics import median
from typing import Any

from sqlalchemy import insert, make_url

from orchestrator.execution.experience import AgentRun
from orchestrator.lifecycle.experience import report
from orchestrator.lifecycle.ports import AgentHistory, Scope
from orchestrator.store.engine import WRITE, build_engine
from orchestrator.store.opening import open_store
from orchestrator.store.schema import ATTEMPT_COLUMNS, agent_runs
from tests.bench.options import Options
from tests.bench.scene import Scene, database
from tests.bench.store import timed
from tests.bench.table import figure, table

ATTEMPTS = 100_000
AGENTS = 130
WORKFLOWS = 20
NOW = datetime(2026, 3, 1, tzinfo=UTC)
MINUTES = 5
"""From one attempt to the next: all of them together are a year's."""

ONE = Scope(agent="agent-7")
MONTHS = Scope(since=NOW - timedelta(days=90))
QUESTIONS: Mapping[str, Callable[[AgentHistory], object]] = {
    "all agents": lambda history: history.by_agent(Scope()),
    "all agents, 90 days": lambda history: history.by_agent(MONTHS),
    "all models, 90 days": lambda history: history.by_model(MONTHS),
    "all weeks, 90 days": lambda history: history.by_week(MONTHS),
    "the page of agents": lambda history: report(history, Scope(), today=NOW.date(), recent=12),
    "one agent": lambda history: history.by_agent(ONE),
    "one agent's last 12": lambda history: history.recent(ONE, limit=12),
    "one workflow": lambda history: history.by_agent(Scope(workflow_id="workflow-7")),
    "whether anything is new": lambda history: history.extent(Scope(replayed=True)),
}


def measure(options: Options, scene: Scene) -> dict[str, Any]:
    found = {}
    for kind in options.databases:
        with database(kind, scene.folder) as url:
            store = open_store(url, home=scene.folder)
            fill(url)
            history = store.history()
            found[kind] = {
                name: median([timed(partial(ask, history)) for _ in range(options.rounds)])
                for name, ask in QUESTIONS.items()
            }
            store.close()
    return found


def show(found: Mapping[str, Any], _options: Options) -> str:
    rows = [[name, *(figure(each[name], 1) for each in found.values())] for name in QUESTIONS]
    return table(f"What {ATTEMPTS:,} attempts of {AGENTS} agents come to", ["milliseconds", *found], rows)


def fill(url: str) -> None:
    """As a year of use would: ten node runs an execution, of which some are tried again."""
    engine = build_engine(make_url(url))
    made = list(attempts())
    names = [column.name for column in ATTEMPT_COLUMNS]
    rows = [
        {
            **{name: getattr(attempt, name) for name in names},
            "last": following.epoch == 1,
            "failed_before": attempt.epoch > 1,
        }
        for attempt, following in zip(made, [*made[1:], made[0]], strict=True)
    ]
    with engine.execution_options(**WRITE).begin() as connection:
        connection.execute(insert(agent_runs), rows)
    engine.dispose()


def attempts() -> Iterator[AgentRun]:
    chance = Random(1)
    run, epoch = 0, 1
    for number in range(ATTEMPTS):
        seconds = chance.lognormvariate(4.5, 0.7)
        ended = NOW - timedelta(minutes=MINUTES * (ATTEMPTS - number))
        succeeded = chance.random() < 0.9
        yield AgentRun(
            execution_id=f"{run // 10:010}",
            run=run % 10,
            epoch=epoch,
            attempt=epoch,
            key="review",
            workflow_id=f"workflow-{run // 10 % WORKFLOWS}",
            agent=f"agent-{run % AGENTS}",
            engine="claude",
            model=chance.choice(["opus", "sonnet"]),
            outcome="success" if succeeded else chance.choice(["timeout", "overloaded", "bad_output", "lost"]),
            started_at=ended - timedelta(seconds=seconds),
            ended_at=ended,
            seconds=seconds,
            input_tokens=chance.randrange(100_000),
            output_tokens=chance.randrange(5_000),
            cost_usd=chance.random(),
            files_changed=chance.randrange(9),
            committed=succeeded,
        )
        run, epoch = (run + 1, 1) if succeeded or epoch == 3 else (run, epoch + 1)
