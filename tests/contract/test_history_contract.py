"""What is remembered of agents: the fake, SQLite, and PostgreSQL where a server and a driver are installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.definition.model import Workflow
from orchestrator.errors import Conflict
from orchestrator.execution.experience import AgentRun, Experience
from orchestrator.execution.state import Execution, Plan
from orchestrator.lifecycle.ports import AgentHistory, Extent, Scope, Store
from orchestrator.store.opening import open_store
from tests.fakes import sqlite
from tests.fakes.postgres import PostgresDatabases
from tests.fakes.store import MemoryStore

# A Wednesday.
NOW = datetime(2026, 3, 4, 12, 30, 15, 123457, tzinfo=UTC)
ALL = Scope(replayed=True)


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param == "postgresql":
        databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
        url = databases.emptied()
    else:
        url = sqlite.with_tables(tmp_path)
    opened = open_store(url, home=tmp_path)
    yield opened
    opened.close()


def attempt(number: int = 1, **changes: object) -> AgentRun:
    """A successful first attempt; `number` makes it one of another node run, an hour later than the one before."""
    values: dict[str, object] = {
        "execution_id": "01aaaa",
        "run": number,
        "epoch": 1,
        "attempt": 1,
        "key": f"review ({number})",
        "workflow_id": "quality/review",
        "agent": "code-reviewer",
        "engine": "claude",
        "model": "sonnet",
        "outcome": "success",
        "started_at": NOW + timedelta(hours=number),
        "ended_at": NOW + timedelta(hours=number, seconds=60),
        "seconds": 60.0,
    }
    return AgentRun(**(values | changes))  # type: ignore[arg-type]


FULL = attempt(
    3,
    epoch=7,
    attempt=2,
    given=11,
    repository="octo/repo",
    outcome="timeout",
    seconds=12.25,
    input_tokens=2**40,
    output_tokens=5,
    cache_read_tokens=6,
    cache_write_tokens=7,
    turns=8,
    cost_usd=0.1,
    cost_estimated=True,
    files_changed=9,
    committed=True,
    replayed=True,
    key="fix ☃",
)


def remember(store: Store, *attempts: AgentRun) -> None:
    known = {execution.id for execution in store.executions(limit=1000)}
    for number, execution_id in enumerate(sorted({each.execution_id for each in attempts} - known), start=len(known)):
        execution = Execution(
            id=execution_id, number=number, workflow_id="w", workflow_name="W", instance="here", created_at=NOW
        )
        plan = Plan(definition=Workflow(id="w", path="w.yaml", name="W", nodes={}), source="")
        with store.begin() as tx:
            tx.insert(execution, plan, [], [])
    for each in attempts:
        with store.begin() as tx:
            tx.lock(each.execution_id)
            tx.remember(each)


def remember_both(store: Store, *attempts: AgentRun) -> None:
    """In one transaction."""
    with store.begin() as tx:
        tx.lock("01aaaa")
        for each in attempts:
            tx.remember(each)


def only(found: Sequence[Experience]) -> Experience:
    (one,) = found
    return one


def of(store: Store, *attempts: AgentRun) -> Experience:
    """What these come to, all of one agent."""
    remember(store, *attempts)
    return only(store.history().by_agent(ALL))


def test_nothing_is_known_at_first(store: Store) -> None:
    history = store.history()
    assert (history.by_agent(ALL), history.by_model(ALL), history.by_week(ALL)) == ([], [], [])
    assert history.recent(ALL, limit=5) == []
    assert history.extent(ALL) == Extent(attempts=0, last_at=None)


def test_an_attempt_comes_back_as_it_was(store: Store) -> None:
    remember(store, FULL, attempt(1))
    assert store.history().recent(ALL, limit=5) == [FULL, attempt(1)]
    assert store.history().extent(ALL) == Extent(attempts=2, last_at=FULL.ended_at)


def test_an_attempt_is_remembered_once(store: Store) -> None:
    remember(store, FULL)
    with pytest.raises(Conflict):
        remember(store, replace(FULL, outcome="success"))
    assert store.history().recent(ALL, limit=5) == [FULL]


def test_only_who_holds_the_execution_may_add(store: Store) -> None:
    remember(store, attempt(1))
    with pytest.raises(RuntimeError), store.begin() as tx:
        tx.remember(attempt(2))
    assert store.history().extent(ALL).attempts == 1


def test_what_is_rolled_back_is_not_remembered(store: Store) -> None:
    remember(store, attempt(1))
    with pytest.raises(Conflict):
        remember_both(store, attempt(2), attempt(1))
    assert store.history().extent(ALL).attempts == 1


def test_a_run_is_a_node_run_with_its_retries(store: Store) -> None:
    found = of(
        store,
        attempt(1, outcome="timeout"),
        attempt(1, epoch=2, attempt=2, outcome="overloaded"),
        attempt(1, epoch=3, attempt=3),
        attempt(2),
        attempt(3, outcome="refused"),
        attempt(4, outcome="cancelled"),
    )
    assert (found.runs, found.attempts, found.succeeded, found.cancelled, found.retries) == (4, 6, 2, 1, 2)
    assert found.outcomes == {"success": 2, "timeout": 1, "overloaded": 1, "refused": 1, "cancelled": 1}
    assert found.success_rate == pytest.approx(2 / 3)
    assert (found.flaky, found.flakiness) == (1, pytest.approx(1 / 3))
    assert found.retries_per_run == pytest.approx(2 / 4)


def test_attempts_lost_with_their_worker_are_told_and_blamed_on_nobody(store: Store) -> None:
    found = of(store, attempt(1, outcome="lost"), attempt(1, epoch=2), attempt(2, outcome="lost"))
    assert (found.runs, found.attempts, found.succeeded, found.flaky, found.retries) == (2, 3, 1, 0, 0)
    assert found.outcomes == {"lost": 2, "success": 1}


def test_a_rerun_with_the_same_is_the_same_run(store: Store) -> None:
    found = of(store, attempt(1, outcome="bad_output", given=4), attempt(1, epoch=2, given=4))
    assert (found.runs, found.succeeded, found.flaky, found.retries) == (1, 1, 1, 0)


def test_a_rerun_with_something_else_is_another_run(store: Store) -> None:
    found = of(store, attempt(1, outcome="bad_output", given=4), attempt(1, epoch=2, given=5))
    assert (found.runs, found.succeeded, found.flaky) == (2, 1, 0)


def test_a_run_that_failed_in_the_end_is_not_flaky(store: Store) -> None:
    found = of(store, attempt(1), attempt(1, epoch=2, outcome="timeout"))
    assert (found.runs, found.succeeded, found.flaky) == (1, 0, 0)


def test_node_runs_of_two_executions_are_two(store: Store) -> None:
    assert of(store, attempt(1), attempt(1, execution_id="01bbbb")).runs == 2


@pytest.mark.parametrize(
    ("seconds", "median", "p90"),
    [
        ([7.0], 7.0, 7.0),
        ([1.0, 2.0], 1.5, 1.9),
        ([3.0, 1.0, 2.0], 2.0, 2.8),
        ([1.0, 2.0, 3.0, 100.0], 2.5, 70.9),
        ([float(number) for number in range(11)], 5.0, 9.0),
        ([0.1, 0.1, 0.1], 0.1, 0.1),
    ],
)
def test_medians_lie_between_the_middle_ones(store: Store, seconds: list[float], median: float, p90: float) -> None:
    found = of(store, *(attempt(number, seconds=each) for number, each in enumerate(seconds, start=1)))
    assert (found.seconds_median, found.seconds_p90) == (pytest.approx(median), pytest.approx(p90))


def test_medians_are_those_of_success_and_totals_of_everything(store: Store) -> None:
    found = of(
        store,
        attempt(1, seconds=10, cost_usd=0.02, files_changed=1, committed=True, input_tokens=100, output_tokens=10),
        attempt(2, seconds=20, cost_usd=None, files_changed=2, committed=True, cache_read_tokens=1000),
        attempt(3, seconds=30, cost_usd=0.06, files_changed=7, committed=True, cache_write_tokens=10_000),
        attempt(4, seconds=9000, cost_usd=5.0, files_changed=0, input_tokens=10**6, outcome="timeout"),
    )
    assert (found.seconds_median, found.files_median, found.tokens_median) == (20, 2, 1000)
    assert found.cost_median == pytest.approx(0.04)
    assert found.cost_total == pytest.approx(5.08)
    assert (found.input_tokens, found.output_tokens) == (1_000_100, 10)
    assert (found.cache_read_tokens, found.cache_write_tokens) == (1_000, 10_000)
    assert found.tokens == 1_011_110
    assert found.commits == 3


def test_without_a_success_nothing_is_usual(store: Store) -> None:
    found = of(store, attempt(1, outcome="auth"), attempt(2, outcome="cancelled"))
    assert (found.seconds_median, found.seconds_p90, found.cost_median) == (None, None, None)
    assert (found.tokens_median, found.files_median, found.cost_total) == (None, None, None)
    assert (found.success_rate, found.flakiness) == (0, 0)
    assert only(store.history().by_agent(replace(ALL, since=attempt(2).ended_at))).success_rate is None


@pytest.mark.parametrize("estimated", [True, False])
def test_an_estimate_among_the_costs_is_told(store: Store, estimated: bool) -> None:
    found = of(store, attempt(1, cost_usd=1.0), attempt(2, cost_usd=2.0, cost_estimated=estimated))
    assert found.cost_estimated is estimated


def test_first_and_last(store: Store) -> None:
    found = of(store, attempt(5), attempt(2), attempt(9))
    assert (found.first_at, found.last_at) == (attempt(2).started_at, attempt(9).ended_at)


def test_agents_come_by_name_and_models_within_them(store: Store) -> None:
    remember(
        store,
        attempt(1, agent="triager", model="opus"),
        attempt(2, agent="code-reviewer", engine="codex", model="gpt"),
        attempt(3, agent="code-reviewer", model="sonnet"),
        attempt(4, agent="code-reviewer", model="opus", outcome="exit"),
        attempt(5, agent="code-reviewer", model="opus"),
        attempt(6, agent="Zebra", model=""),
    )
    history = store.history()
    assert [(each.agent, each.runs, each.engine, each.week) for each in history.by_agent(ALL)] == [
        ("Zebra", 1, None, None),
        ("code-reviewer", 4, None, None),
        ("triager", 1, None, None),
    ]
    found = [(each.agent, each.engine, each.model, each.runs, each.succeeded) for each in history.by_model(ALL)]
    assert found == [
        ("Zebra", "claude", "", 1, 1),
        ("code-reviewer", "claude", "opus", 2, 1),
        ("code-reviewer", "claude", "sonnet", 1, 1),
        ("code-reviewer", "codex", "gpt", 1, 1),
        ("triager", "claude", "opus", 1, 1),
    ]
    assert [each.outcomes for each in history.by_model(ALL)][1] == {"success": 1, "exit": 1}


def test_a_run_counts_with_the_model_of_its_last_attempt(store: Store) -> None:
    remember(store, attempt(1, model="opus", outcome="overloaded"), attempt(1, epoch=2, attempt=2, model="sonnet"))
    found = [
        (each.model, each.runs, each.attempts, each.succeeded, each.flaky) for each in store.history().by_model(ALL)
    ]
    assert found == [("opus", 0, 1, 0, 0), ("sonnet", 1, 1, 1, 1)]
    assert store.history().by_model(ALL)[0].success_rate is None


def test_weeks_begin_on_monday_in_utc(store: Store) -> None:
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    instant = timedelta(microseconds=1)
    remember(
        store,
        attempt(1, ended_at=monday - instant, seconds=1.0),
        attempt(2, ended_at=monday, seconds=2.0),
        attempt(3, ended_at=monday + timedelta(days=7) - instant, seconds=4.0, outcome="timeout"),
        attempt(3, ended_at=monday + timedelta(days=7), epoch=2, attempt=2, seconds=8.0),
    )
    found = store.history().by_week(ALL)
    assert [(each.week, each.runs, each.attempts, each.succeeded) for each in found] == [
        (date(2026, 2, 23), 1, 1, 1),
        (date(2026, 3, 2), 1, 2, 1),
        (date(2026, 3, 9), 1, 1, 1),
    ], "a run counts in the week it ended in"
    assert [each.seconds_median for each in found] == [1.0, 2.0, 8.0]
    assert [each.flaky for each in found] == [0, 0, 1]
    assert found[1].outcomes == {"success": 1, "timeout": 1}


def test_a_scope_narrows_everything(store: Store) -> None:
    old = attempt(1, seconds=1.0)
    other = attempt(2, workflow_id="docs", seconds=2.0)
    agent = attempt(3, agent="triager", seconds=3.0)
    replayed = attempt(4, replayed=True, seconds=4.0)
    remember(store, old, other, agent, replayed)

    def seen(scope: Scope) -> set[float]:
        history = store.history()
        rows = {row.seconds for row in history.recent(scope, limit=9)}
        assert history.extent(scope).attempts == len(rows)
        for found in (history.by_agent(scope), history.by_model(scope), history.by_week(scope)):
            assert sum(each.attempts for each in found) == len(rows)
            assert sum(sum(each.outcomes.values()) for each in found) == len(rows)
        return rows

    assert seen(Scope()) == {1.0, 2.0, 3.0}
    assert seen(ALL) == {1.0, 2.0, 3.0, 4.0}
    assert seen(Scope(since=other.ended_at)) == {2.0, 3.0}
    assert seen(Scope(workflow_id="docs")) == {2.0}
    assert seen(Scope(agent="triager")) == {3.0}
    assert seen(Scope(agent="code-reviewer", workflow_id="quality/review", replayed=True)) == {1.0, 4.0}
    assert seen(Scope(agent="nobody")) == set()


def test_a_failure_before_the_period_makes_a_run_flaky_too(store: Store) -> None:
    remember(store, attempt(1, outcome="timeout"), attempt(1, epoch=2, ended_at=NOW + timedelta(days=9)))
    found = only(store.history().by_agent(Scope(since=NOW + timedelta(days=8))))
    assert (found.runs, found.attempts, found.flaky) == (1, 1, 1)


def test_the_newest_come_first(store: Store) -> None:
    remember(store, *(attempt(number) for number in (2, 5, 3, 1, 4)))
    assert [row.run for row in store.history().recent(ALL, limit=3)] == [5, 4, 3]


ATTEMPTS = st.builds(
    attempt,
    number=st.integers(1, 4),
    execution_id=st.sampled_from(["01aaaa", "01bbbb"]),
    epoch=st.integers(1, 4),
    attempt=st.integers(1, 3),
    agent=st.sampled_from(["a", "b"]),
    model=st.sampled_from(["m", "n"]),
    outcome=st.sampled_from(["success", "success", "timeout", "lost", "cancelled"]),
    ended_at=st.integers(0, 20).map(lambda days: NOW + timedelta(days=days)),
    seconds=st.integers(0, 1000).map(float),
    cost_usd=st.none() | st.integers(0, 64).map(lambda parts: parts / 64),
    files_changed=st.integers(0, 9),
    input_tokens=st.integers(0, 1000),
    replayed=st.booleans(),
)
SCOPES = st.builds(
    Scope,
    since=st.none() | st.integers(0, 20).map(lambda days: NOW + timedelta(days=days)),
    agent=st.none() | st.just("a"),
    replayed=st.booleans(),
)


@pytest.mark.no_cover
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(
    rows=st.lists(ATTEMPTS, max_size=25, unique_by=lambda each: (each.execution_id, each.run, each.epoch)),
    reruns=st.sets(st.tuples(st.integers(1, 4), st.integers(2, 4))),
    scope=SCOPES,
)
def test_sqlite_counts_as_the_fake_does(
    rows: list[AgentRun], reruns: set[tuple[int, int]], scope: Scope, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """`reruns` are the node runs and epochs before which a predecessor ran anew."""
    home = tmp_path_factory.mktemp("history")
    opened, fake = open_store(sqlite.with_tables(home), home=home), MemoryStore()
    of_one = {(each.execution_id, each.run): each.agent for each in rows}
    made = [
        replace(
            each,
            agent=of_one[each.execution_id, each.run],
            given=sum((each.run, epoch) in reruns for epoch in range(each.epoch + 1)),
        )
        for each in rows
    ]
    in_order = sorted(made, key=lambda each: each.epoch)
    try:
        remember(opened, *in_order)
        remember(fake, *in_order)
        assert everything(opened.history(), scope) == everything(fake.history(), scope)
    finally:
        opened.close()


def everything(history: AgentHistory, scope: Scope) -> list[object]:
    asked = (history.by_agent, history.by_model, history.by_week)
    rounded = [[_rounded(each) for each in ask(scope)] for ask in asked]
    return [*rounded, history.recent(scope, limit=99), history.extent(scope)]


def _rounded(found: Experience) -> Experience:
    p90 = found.seconds_p90
    return replace(found, seconds_p90=None if p90 is None else round(p90, 9), outcomes=dict(found.outcomes))
