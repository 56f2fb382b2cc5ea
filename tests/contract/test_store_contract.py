"""What every store does: the fake, SQLite, and PostgreSQL where a server and a driver are installed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.definition.model import AgentDefinition, Node, Run, Workflow
from orchestrator.definition.project_file import parse_project
from orchestrator.errors import BadInput, Conflict, NotFound, Place, StaleClaim
from orchestrator.execution.amounts import Unit
from orchestrator.execution.commit import FileChange
from orchestrator.execution.effects import Effect
from orchestrator.execution.ledger import Balance, Reservation, balance
from orchestrator.execution.outcome import Annotation, Artifact, FailureClass, Outcome, Usage
from orchestrator.execution.showing import Showing, Shown, Target
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, NodeStatus, Plan, Result, TriggerKind
from orchestrator.lifecycle.ports import Lead, Lease, Store, Transaction
from orchestrator.store.opening import open_store
from tests.fakes import sqlite
from tests.fakes.postgres import PostgresDatabases
from tests.fakes.store import MemoryStore

NOW = datetime(2026, 3, 1, 12, 30, 15, 123457, tzinfo=UTC)
FIRST, SECOND, THIRD = "01aaaa-first", "01aabb-second", "01bbbb-third"
DIAMOND = ((0, 1), (0, 2), (1, 3), (2, 3))
QUEUED, RUNNING, WAITING = NodeStatus.QUEUED, NodeStatus.RUNNING, NodeStatus.WAITING


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


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def execution(execution_id: str = FIRST, **changes: object) -> Execution:
    values: dict[str, object] = {
        "id": execution_id,
        "number": 1 + [FIRST, SECOND, THIRD].index(execution_id) if execution_id in (FIRST, SECOND, THIRD) else 9,
        "workflow_id": "ci/check",
        "workflow_name": "Check",
        "instance": "here",
        "created_at": NOW,
    }
    return Execution(**(values | changes))  # type: ignore[arg-type]


def node_run(index: int = 0, execution_id: str = FIRST, **changes: object) -> NodeRun:
    values: dict[str, object] = {"execution_id": execution_id, "index": index, "node": f"n{index}", "key": f"n{index}"}
    return NodeRun(**(values | changes))  # type: ignore[arg-type]


def queued(index: int = 0, execution_id: str = FIRST, **changes: object) -> NodeRun:
    return node_run(index, execution_id, **({"status": QUEUED, "ready_at": NOW} | changes))


def plan() -> Plan:
    node = Node(id="n0", action=Run(script="make"), place=Place(file="workflows/ci/check.yaml", line=3, column=5))
    workflow = Workflow(id="ci/check", path="workflows/ci/check.yaml", name="Check", nodes={"n0": node})
    agent = AgentDefinition(id="code-reviewer", name="code-reviewer", description="Reviews", prompt="You review.")
    return Plan(
        definition=workflow,
        source="name: Check\n",
        agents={"code-reviewer": agent},
        files={"n0": '{"a":1}\n'},
        base_bundle="ab" * 32,
        project=parse_project("mcp: {docs: {command: docs-mcp}}\nreplay: {strict: true}\n"),
        record=True,
    )


def add(
    store: Store, new: Execution | None = None, runs: Sequence[NodeRun] = (), edges: Sequence[tuple[int, int]] = ()
) -> Execution:
    new = new or execution()
    with store.begin() as tx:
        tx.insert(new, plan(), runs, edges)
    return new


def save_run(store: Store, run: NodeRun) -> None:
    with store.begin() as tx:
        tx.lock(run.execution_id)
        tx.save_runs([run])


def claim(store: Store, *labels: str, instance: str = "here", now: datetime = NOW) -> NodeRun | None:
    with store.begin() as tx:
        return take(tx, *labels, instance=instance, now=now)


def take(tx: Transaction, *labels: str, instance: str = "here", now: datetime = NOW) -> NodeRun | None:
    return tx.claim(labels=labels or ("default",), instance=instance, worker="w1", now=now)


FULL_EXECUTION = execution(
    status=ExecutionStatus.RUNNING,
    trigger=TriggerKind.WEBHOOK,
    triggered_by="octocat",
    event_name="pull_request",
    target=Target(repository="octo/repo", head_sha="a" * 40, number=7, job_url="https://x.example/1"),
    event={"action": "opened", "number": 7, "labels": ["a", None, 1.5, True], "text": "naïve ☃ \U0001f344"},
    inputs={"engine": "replay", "depth": 3},
    repository="octo/repo",
    repository_path="/srv/octo/repo",
    branch="main",
    head="a" * 40,
    base="b" * 40,
    dirty=True,
    result="c" * 40,
    result_branch="mycelium/check-1",
    cancel_requested=True,
    open_runs=4,
    active_runs=2,
    artifact_bytes=5_000_000_000,
    started_at=later(0.000001),
    completed_at=later(3600),
    error_message="`lint` failed",
)
FULL_OUTCOME = Outcome(
    failure=FailureClass.EXIT,
    message="exit code 1",
    exit_code=1,
    outputs={"summary": "no", "nested": {"list": [1, 2.5, None, False, {"deep": "☃"}]}},
    summary="## Oh\n",
    annotations=(Annotation(level="failure", message="bad", path="a.py", start_line=3, end_line=4, start_column=1),),
    artifacts=(Artifact(name="dist/a.whl", digest="d" * 64, size=12),),
    usage=Usage(model="m", input_tokens=1, output_tokens=2, turns=3, cost_usd=0.25, replayed=True),
    base="b" * 40,
    commit="c" * 40,
    bundle="e" * 64,
    changes=(FileChange(path="a", status="renamed", additions=1, deletions=None, previous_path="b"),),
    discarded=2,
    sandbox="bwrap",
    cancelled=True,
    retry_after_seconds=1.5,
)
FULL_RUN = node_run(
    status=NodeStatus.FAILED,
    matrix={"python": "3.11", "flags": ["-O"]},
    epoch=4,
    attempt=3,
    lost=1,
    waiting_for=2,
    any_failed=True,
    any_cancelled=True,
    heads=("a" * 40, "b" * 40),
    queue="gpu",
    priority=-5,
    ready_at=later(1),
    not_before=later(2),
    deadline=later(3),
    lease=9,
    started_at=later(4),
    completed_at=later(5),
    worker="host:1",
    result=Result.FAILURE,
    error_code="RUN_EXIT",
    decided_by="octocat",
    outcome=FULL_OUTCOME,
)


class TestKeeping:
    def test_every_field_of_a_new_execution_comes_back(self, store: Store) -> None:
        add(store, FULL_EXECUTION, [FULL_RUN, node_run(1)], [(0, 1)])
        assert store.execution(FIRST) == FULL_EXECUTION
        assert store.runs(FIRST) == [FULL_RUN, node_run(1)]
        assert store.edges(FIRST) == [(0, 1)]
        assert store.plan(FIRST) == plan()

    def test_saving_replaces_every_field(self, store: Store) -> None:
        add(store, execution(), [node_run(0)])
        with store.begin() as tx:
            tx.lock(FIRST)
            tx.save(FULL_EXECUTION)
            tx.save_runs([FULL_RUN])
        assert store.execution(FIRST) == FULL_EXECUTION
        assert store.runs(FIRST) == [FULL_RUN]

    def test_saving_twice_in_a_transaction_keeps_the_last(self, store: Store) -> None:
        add(store)
        with store.begin() as tx:
            held = tx.lock(FIRST)
            tx.save(replace(held, open_runs=5, branch="x"))
            tx.save(replace(held, open_runs=0, branch="y"))
        assert (store.execution(FIRST).open_runs, store.execution(FIRST).branch) == (0, "y")

    def test_times_are_exact_to_the_microsecond_and_in_utc(self, store: Store) -> None:
        add(store, execution(started_at=datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)))
        found = store.execution(FIRST).started_at
        assert found is not None
        assert found.isoformat() == "1999-12-31T23:59:59.999999+00:00"

    def test_text_that_no_database_takes_does_not_break_a_write(self, store: Store) -> None:
        nasty = "nul \0 and half a pair \ud800"
        add(store, execution(error_message=nasty, inputs={"a": "b"}), [node_run(0)])
        save_run(store, node_run(0, outcome=Outcome(message=nasty, outputs={"text": nasty})))
        outcome = store.runs(FIRST)[0].outcome
        assert outcome is not None
        assert outcome.message.startswith("nul ")

    def test_what_was_read_can_be_changed_without_changing_the_store(self, store: Store) -> None:
        add(store, execution(inputs={"a": 1}))
        store.execution(FIRST).inputs["a"] = 2
        assert store.execution(FIRST).inputs == {"a": 1}

    def test_an_id_or_a_number_cannot_be_used_twice(self, store: Store) -> None:
        add(store)
        with pytest.raises(Conflict):
            add(store, execution(number=99))
        with pytest.raises(Conflict):
            add(store, execution(SECOND, number=1))
        add(store, execution(SECOND, number=1, workflow_id="other"))

    @pytest.mark.parametrize("size", [10_000])
    def test_a_large_execution_goes_in_and_comes_out_in_order(self, store: Store, size: int) -> None:
        runs = [node_run(index, waiting_for=1) for index in range(size)]
        add(store, execution(open_runs=size), runs, [(index, index + 1) for index in range(size - 1)])
        assert [run.index for run in store.runs(FIRST)] == list(range(size))
        with store.begin() as tx:
            assert len(tx.predecessors(FIRST, range(size))) == size


class TestTransactions:
    def test_an_exception_undoes_everything(self, store: Store) -> None:
        before = add(store, execution(), [queued(0), node_run(1)], [(0, 1)])
        with store.begin() as tx:
            tx.lock(FIRST)
            tx.add_effects(FIRST, [Effect(kind="wake")])
            assert tx.take_lead("control", Lead(holder="a", beat=1), expected=None)
        runs = store.runs(FIRST)
        with pytest.raises(ZeroDivisionError), store.begin() as tx:  # noqa: PT012
            held = tx.lock(FIRST)
            tx.save(replace(held, open_runs=7, instance="there"))
            tx.save_runs([node_run(1, status=WAITING, deadline=NOW)])
            tx.cancel_pending(FIRST, NOW)
            tx.add_effects(FIRST, [Effect(kind="more")])
            tx.remove_effect(tx.effects(instance="there")[0].id)
            tx.drop_lead("control", "a")
            tx.insert(execution(SECOND), plan(), [queued(0, SECOND)], [])
            raise ZeroDivisionError
        assert store.execution(FIRST) == before
        assert store.runs(FIRST) == runs
        assert store.overdue("here", later(9)) == []
        with pytest.raises(NotFound):
            store.execution(SECOND)
        with store.begin() as tx:
            assert [row.effect.kind for row in tx.effects(instance="here")] == ["wake"]
            assert tx.lead("control") == Lead(holder="a", beat=1)
        assert store.ready("here", NOW) == {"default": 1}

    def test_a_failed_claim_leaves_the_run_for_the_next(self, store: Store) -> None:
        add(store, execution(), [queued(0)])
        with pytest.raises(ZeroDivisionError), store.begin() as tx:  # noqa: PT012
            assert tx.claim(labels=["default"], instance="here", worker="w", now=NOW)
            raise ZeroDivisionError
        taken = claim(store)
        assert taken is not None
        assert taken.epoch == 1

    def test_a_transaction_sees_its_own_writes(self, store: Store) -> None:
        with store.begin() as tx:
            tx.insert(execution(), plan(), [node_run(0)], [])
            tx.save_runs([node_run(0, status=QUEUED)])
            tx.save(execution(branch="x"))
            assert tx.lock(FIRST).branch == "x"
            assert tx.run(FIRST, 0).status is QUEUED
            assert tx.runs(FIRST) == [tx.run(FIRST, 0)]

    def test_writing_without_the_lock_is_refused(self, store: Store) -> None:
        held = add(store, execution(), [node_run(0)])
        with pytest.raises(RuntimeError, match="lock"), store.begin() as tx:
            tx.save(held)
        with pytest.raises(RuntimeError, match="lock"), store.begin() as tx:
            tx.save_runs([node_run(0)])
        with pytest.raises(RuntimeError, match="lock"), store.begin() as tx:
            tx.cancel_pending(FIRST, NOW)

    def test_locking_after_a_claim_is_refused(self, store: Store) -> None:
        add(store, execution(), [queued(0)])
        with pytest.raises(RuntimeError, match="claim"), store.begin() as tx:  # noqa: PT012
            tx.claim(labels=["default"], instance="here", worker="w", now=NOW)
            tx.lock(FIRST)

    def test_writers_of_one_execution_take_turns(self, store: Store) -> None:
        add(store)

        def count_up(_: int) -> None:
            with store.begin() as tx:
                held = tx.lock(FIRST)
                tx.save(replace(held, open_runs=held.open_runs + 1))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(count_up, range(20)))
        assert store.execution(FIRST).open_runs == 20

    def test_a_reader_sees_nothing_uncommitted(self, store: Store) -> None:
        add(store)
        if isinstance(store, MemoryStore):
            with store.begin(), pytest.raises(RuntimeError, match="open transaction"):
                store.execution(FIRST)
            return
        with store.begin() as tx:
            tx.save(replace(tx.lock(FIRST), branch="changed"))
            assert store.execution(FIRST).branch == ""
        assert store.execution(FIRST).branch == "changed"

    @pytest.mark.parametrize("call", ["lock", "runs", "successors", "predecessors", "add_effects", "run", "save"])
    def test_an_unknown_execution_is_not_found(self, store: Store, call: str) -> None:
        arguments: dict[str, tuple[object, ...]] = {
            "successors": ("nope", 0),
            "predecessors": ("nope", [0]),
            "add_effects": ("nope", [Effect(kind="x")]),
            "run": ("nope", 0),
            "save": (execution("nope"),),
        }
        with pytest.raises(NotFound), store.begin() as tx:
            getattr(tx, call)(*arguments.get(call, ("nope",)))

    @pytest.mark.parametrize("call", ["execution", "plan", "runs", "edges", "find"])
    def test_reading_an_unknown_execution_is_not_found(self, store: Store, call: str) -> None:
        with pytest.raises(NotFound):
            getattr(store, call)("nope")

    def test_an_unknown_node_run_is_not_found(self, store: Store) -> None:
        add(store, execution(), [node_run(0)])
        with pytest.raises(NotFound), store.begin() as tx:
            tx.run(FIRST, 1)
        with pytest.raises(NotFound):
            save_run(store, node_run(1))


class TestNumbers:
    def test_they_count_the_executions_of_one_workflow(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.next_number("ci/check") == 1
        add(store, execution(number=41))
        with store.begin() as tx:
            assert tx.next_number("ci/check") == 42
            assert tx.next_number("other") == 1

    def test_starters_at_once_get_different_numbers(self, store: Store) -> None:
        def start(which: int) -> int:
            with store.begin() as tx:
                number = tx.next_number("ci/check")
                tx.insert(execution(f"02-{which:02}", number=number), plan(), [], [])
                return number

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(start, range(8))) == list(range(1, 9))


class TestNeighbours:
    def test_successors_and_predecessors_follow_the_edges(self, store: Store) -> None:
        runs = [FULL_RUN, *(node_run(index) for index in (1, 2, 3))]
        add(store, execution(), runs, DIAMOND)
        add(store, execution(SECOND), [node_run(0, SECOND), node_run(1, SECOND)], [(0, 1)])
        with store.begin() as tx:
            assert tx.successors(FIRST, 0) == [runs[1], runs[2]]
            assert tx.successors(FIRST, 3) == []
            assert tx.predecessors(FIRST, [3, 1, 0]) == {3: [runs[1], runs[2]], 1: [FULL_RUN], 0: []}
            assert tx.predecessors(FIRST, []) == {}

    def test_they_come_by_index_however_the_edges_were_given(self, store: Store) -> None:
        add(store, execution(), [node_run(index) for index in range(4)], [(2, 3), (0, 3), (1, 3), (0, 2), (0, 1)])
        with store.begin() as tx:
            assert [run.index for run in tx.predecessors(FIRST, [3])[3]] == [0, 1, 2]
            assert [run.index for run in tx.successors(FIRST, 0)] == [1, 2, 3]
        assert store.edges(FIRST) == [(0, 1), (0, 2), (0, 3), (1, 3), (2, 3)]


class TestClaiming:
    def test_the_claimed_run_is_running_and_saved(self, store: Store) -> None:
        before = queued(0, epoch=2, attempt=1, lease=8, matrix={"a": 1}, outcome=Outcome(message="earlier"))
        add(store, execution(), [before])
        taken = claim(store, now=later(1))
        assert taken == replace(before, status=RUNNING, epoch=3, attempt=2, worker="w1", started_at=later(1), lease=0)
        assert store.runs(FIRST) == [taken]
        assert claim(store) is None

    def test_the_order_is_priority_then_readiness_then_execution_then_index(self, store: Store) -> None:
        add(store, execution(SECOND), [queued(0, SECOND), queued(1, SECOND, ready_at=later(-1))])
        add(store, execution(FIRST), [queued(0), queued(1), queued(2, priority=5, ready_at=later(-0.5))])
        taken = [claim(store) for _ in range(5)]
        order = [(run.execution_id, run.index) for run in taken if run]
        assert order == [(FIRST, 2), (SECOND, 1), (FIRST, 0), (FIRST, 1), (SECOND, 0)]

    def test_what_became_ready_in_the_same_transaction_is_claimed_in_the_same_order(self, store: Store) -> None:
        add(store, execution(), [queued(0), *(node_run(index) for index in (1, 2, 3, 4))])
        with store.begin() as tx:
            tx.lock(FIRST)
            tx.save_runs([queued(1, ready_at=later(-1)), queued(2, ready_at=later(1)), queued(3, queue="other")])
            taken = [claimed.index for _ in range(3) if (claimed := take(tx))]
            assert taken == [1, 0, 2]
            assert [run.status for run in tx.runs(FIRST)] == [RUNNING, RUNNING, RUNNING, QUEUED, NodeStatus.PENDING]
            tx.save_runs([queued(4)])
        assert [run.epoch for run in store.runs(FIRST)] == [1, 1, 1, 0, 0]
        assert [run.status for run in store.runs(FIRST)] == [RUNNING, RUNNING, RUNNING, QUEUED, QUEUED]

    def test_what_became_ready_anew_is_claimed_as_it_is_now(self, store: Store) -> None:
        add(store, execution(), [queued(0, ready_at=later(-1)), queued(1)])
        with store.begin() as tx:
            tx.lock(FIRST)
            tx.save_runs([queued(0, ready_at=later(1), lost=1)])
            taken = [take(tx) for _ in range(3)]
        assert [(run.index, run.lost) if run else None for run in taken] == [(1, 0), (0, 1), None]

    def test_nothing_of_a_cancelled_execution_is_claimed_by_who_made_it_ready(self, store: Store) -> None:
        add(store, execution(cancel_requested=True), [node_run(0)])
        with store.begin() as tx:
            tx.lock(FIRST)
            tx.save_runs([queued(0)])
            assert take(tx) is None
        assert store.runs(FIRST)[0].status is QUEUED

    def test_labels_share_one_order(self, store: Store) -> None:
        runs = [
            queued(0, queue="slow"),
            queued(1, queue="fast", ready_at=later(-1)),
            queued(2, queue="slow", priority=1),
        ]
        add(store, execution(), [*runs, queued(3, queue="other")])
        taken = [claim(store, "fast", "slow") for _ in range(4)]
        assert [run and run.index for run in taken] == [2, 1, 0, None]

    def test_no_labels_claim_nothing(self, store: Store) -> None:
        add(store, execution(), [queued(0)])
        with store.begin() as tx:
            assert tx.claim(labels=[], instance="here", worker="w", now=NOW) is None

    def test_only_due_runs_of_this_instance_that_nobody_cancels(self, store: Store) -> None:
        add(store, execution(FIRST, cancel_requested=True), [queued(0)])
        add(store, execution(SECOND, instance="there"), [queued(0, SECOND)])
        add(store, execution(THIRD), [queued(0, THIRD, not_before=later(10)), node_run(1, THIRD), node_run(2, THIRD)])
        assert claim(store, now=later(9.999999)) is None
        taken = claim(store, now=later(10))
        assert taken is not None
        assert (taken.execution_id, taken.index) == (THIRD, 0)

    def test_a_delay_ends_where_the_clock_was_set_back_since_it_began(self, store: Store) -> None:
        add(store, execution(), [queued(0, not_before=later(5))])
        assert store.ready("here", later(-60)) == {}
        assert claim(store, now=later(-60)) is None
        assert store.ready("here", later(-61)) == {"default": 1}
        assert claim(store, now=later(-61)) is not None

    def test_workers_at_once_never_get_the_same_run(self, store: Store) -> None:
        add(store, execution(), [queued(index) for index in range(24)])
        barrier = threading.Barrier(4)

        def work() -> list[int]:
            barrier.wait()
            found: list[int] = []
            while (run := claim(store)) is not None:
                found.append(run.index)
            return found

        with ThreadPoolExecutor(4) as pool:
            results = [future.result() for future in [pool.submit(work) for _ in range(4)]]
        assert sorted(index for found in results for index in found) == list(range(24))

    def test_a_write_of_an_older_epoch_is_refused(self, store: Store) -> None:
        add(store, execution(), [queued(0)])
        first = claim(store)
        assert first is not None
        save_run(store, replace(first, status=QUEUED))
        second = claim(store)
        assert second is not None
        with pytest.raises(StaleClaim):
            save_run(store, replace(first, status=NodeStatus.COMPLETED))
        assert store.runs(FIRST) == [second]


class TestCancelling:
    def test_everything_that_has_not_begun_is_cancelled_at_once(self, store: Store) -> None:
        statuses = list(NodeStatus)
        add(store, execution(), [node_run(index, status=status) for index, status in enumerate(statuses)])
        with store.begin() as tx:
            tx.lock(FIRST)
            assert tx.cancel_pending(FIRST, later(1)) == 3
            assert tx.cancel_pending(FIRST, later(2)) == 0
        for before, run in zip(statuses, store.runs(FIRST), strict=True):
            if before in (NodeStatus.PENDING, QUEUED, WAITING):
                assert (run.status, run.result, run.completed_at) == (NodeStatus.CANCELLED, Result.CANCELLED, later(1))
            else:
                assert (run.status, run.result, run.completed_at) == (before, None, None)


class TestOutbox:
    def test_effects_come_in_the_order_of_writing(self, store: Store) -> None:
        add(store, execution(FIRST))
        add(store, execution(SECOND))
        add(store, execution(THIRD, instance="there"))
        with store.begin() as tx:
            tx.add_effects(FIRST, [Effect(kind="a", payload={"x": [1, "☃"]}), Effect(kind="b")])
            tx.add_effects(SECOND, [Effect(kind="c")])
            tx.add_effects(THIRD, [Effect(kind="d")])
            tx.add_effects(FIRST, [Effect(kind="e")])
            tx.add_effects(FIRST, [])
        with store.begin() as tx:
            rows = tx.effects(instance="here")
            assert [row.effect.kind for row in rows] == ["a", "b", "c", "e"]
            assert rows[0].effect.payload == {"x": [1, "☃"]}
            assert [row.id for row in rows] == sorted({row.id for row in rows})
            assert [row.effect.kind for row in tx.effects(instance="here", limit=2)] == ["a", "b"]
            assert [row.effect.kind for row in tx.effects(instance="here", execution_id=FIRST)] == ["a", "b", "e"]
            assert tx.effects(instance="here", execution_id=THIRD) == []
        assert store.effects(instance="here") == rows
        assert store.effects(instance="here", limit=2, execution_id=FIRST) == [rows[0], rows[1]]
        assert store.effects(instance="here", execution_id=THIRD) == []

    def test_ids_are_not_used_again(self, store: Store) -> None:
        add(store)
        with store.begin() as tx:
            tx.add_effects(FIRST, [Effect(kind="a")])
            first = tx.effects(instance="here")[0].id
            tx.remove_effect(first)
            tx.remove_effect(first)
        with store.begin() as tx:
            tx.add_effects(FIRST, [Effect(kind="b")])
            assert tx.effects(instance="here")[0].id > first


class TestLeases:
    def test_a_beat_counts_up_and_tells_of_cancellation(self, store: Store) -> None:
        add(store, execution(FIRST), [queued(0), queued(1)])
        add(store, execution(SECOND, cancel_requested=True), [node_run(0, SECOND, status=RUNNING, epoch=1)])
        claim(store)
        held = store.leases("here")
        assert held == [
            Lease(execution_id=FIRST, index=0, epoch=1, beat=0, worker="w1"),
            Lease(execution_id=SECOND, index=0, epoch=1, beat=0),
        ]
        assert store.beat(held) == {(FIRST, 0): False, (SECOND, 0): True}
        assert [lease.beat for lease in store.leases("here")] == [1, 1]
        assert store.beat(held) == {(FIRST, 0): False, (SECOND, 0): True}
        assert [lease.beat for lease in store.leases("here")] == [2, 2]
        assert store.leases("there") == []

    def test_a_lost_lease_is_missing_from_the_answer(self, store: Store) -> None:
        add(
            store,
            execution(),
            [node_run(0, status=RUNNING, epoch=2), node_run(1, status=NodeStatus.COMPLETED, epoch=1)],
        )
        old = [Lease(execution_id=FIRST, index=index, epoch=1, beat=0) for index in (0, 1, 2)]
        assert store.beat(old) == {}
        assert store.beat([]) == {}
        assert store.leases("here") == [Lease(execution_id=FIRST, index=0, epoch=2, beat=0)]

    def test_a_beat_is_not_lost_on_the_next_claim(self, store: Store) -> None:
        add(store, execution(), [queued(0)])
        taken = claim(store)
        assert taken is not None
        store.beat(store.leases("here"))
        assert store.runs(FIRST)[0].lease == 1


class TestDue:
    def test_ready_counts_what_could_be_claimed(self, store: Store) -> None:
        add(
            store,
            execution(FIRST),
            [queued(0), queued(1), queued(2, queue="gpu"), queued(3, not_before=later(5)), node_run(4)],
        )
        add(store, execution(SECOND, cancel_requested=True), [queued(0, SECOND)])
        add(store, execution(THIRD, instance="there"), [queued(0, THIRD)])
        assert store.ready("here", NOW) == {"default": 2, "gpu": 1}
        assert store.ready("here", later(5)) == {"default": 3, "gpu": 1}
        assert store.ready("nowhere", NOW) == {}

    def test_next_due_is_the_nearest_retry_or_deadline(self, store: Store) -> None:
        add(store, execution(), [queued(0), queued(1, not_before=later(50)), node_run(2, not_before=NOW, deadline=NOW)])
        assert store.next_due("here") == later(50)
        save_run(store, node_run(2, status=WAITING, deadline=later(-7)))
        assert store.next_due("here") == later(-7)
        assert store.next_due("there") is None

    def test_overdue_are_waiting_runs_past_their_deadline(self, store: Store) -> None:
        late = node_run(1, status=WAITING, deadline=later(-1))
        runs = [node_run(0, status=WAITING, deadline=later(1)), late, node_run(2, status=WAITING)]
        add(store, execution(), [*runs, node_run(3, status=NodeStatus.COMPLETED, deadline=later(-1))])
        assert store.overdue("here", NOW) == [late]
        assert store.overdue("there", NOW) == []
        assert len(store.overdue("here", later(1))) == 2


class TestInstances:
    def test_saving_another_instance_hands_the_node_runs_over(self, store: Store) -> None:
        add(store, execution(instance="dead"), [queued(0)])
        with store.begin() as tx:
            tx.save(replace(tx.lock(FIRST), instance="here"))
        assert store.ready("dead", NOW) == {}
        assert claim(store) is not None


class TestLeads:
    def test_a_lead_is_taken_by_compare_and_swap(self, store: Store) -> None:
        mine, theirs = Lead(holder="a", beat=1), Lead(holder="b", beat=1)
        with store.begin() as tx:
            assert tx.lead("control") is None
            assert not tx.take_lead("control", mine, expected=theirs)
            assert tx.take_lead("control", mine, expected=None)
        with store.begin() as tx:
            assert not tx.take_lead("control", theirs, expected=None)
            assert not tx.take_lead("control", theirs, expected=replace(mine, beat=2))
            assert tx.take_lead("control", theirs, expected=mine)
            assert tx.lead("control") == theirs
            assert tx.lead("other") is None

    def test_only_the_holder_drops_a_lead(self, store: Store) -> None:
        with store.begin() as tx:
            tx.take_lead("control", Lead(holder="a", beat=3), expected=None)
            tx.drop_lead("control", "b")
            assert tx.lead("control") == Lead(holder="a", beat=3)
            tx.drop_lead("control", "a")
            assert tx.lead("control") is None


class TestFinding:
    @pytest.fixture(autouse=True)
    def three(self, store: Store) -> None:
        for key in (SECOND, THIRD, FIRST):
            add(store, execution(key))

    @pytest.mark.parametrize(
        ("reference", "found"), [(FIRST, FIRST), ("01bb", THIRD), ("01aab", SECOND), ("latest", THIRD)]
    )
    def test_by_id_beginning_or_latest(self, store: Store, reference: str, found: str) -> None:
        assert store.find(reference).id == found

    @pytest.mark.parametrize("reference", ["01b", "", "01cc", "%%%%", "____", "01bbbb-third-and-more"])
    def test_nothing_else_is_found(self, store: Store, reference: str) -> None:
        with pytest.raises(NotFound):
            store.find(reference)

    def test_an_ambiguous_beginning_lists_the_candidates(self, store: Store) -> None:
        with pytest.raises(BadInput, match=f"{FIRST}, {SECOND}") as caught:
            store.find("01aa")
        assert not isinstance(caught.value, NotFound)

    def test_a_whole_id_that_begins_another_is_not_ambiguous(self, store: Store) -> None:
        add(store, execution("01aa", number=50))
        assert store.find("01aa").id == "01aa"

    def test_lists_are_newest_first_and_page_by_id(self, store: Store) -> None:
        assert [e.id for e in store.executions()] == [THIRD, SECOND, FIRST]
        assert [e.id for e in store.executions(limit=2)] == [THIRD, SECOND]
        assert [e.id for e in store.executions(before=SECOND)] == [FIRST]

    def test_lists_can_be_narrowed(self, store: Store) -> None:
        add(store, execution("02", number=1, workflow_id="other", status=ExecutionStatus.FAILED))
        assert [e.id for e in store.executions(workflow_id="other")] == ["02"]
        assert [e.id for e in store.executions(statuses=[ExecutionStatus.PENDING], limit=1)] == [THIRD]
        assert store.executions(statuses=[ExecutionStatus.COMPLETED, ExecutionStatus.RUNNING]) == []


def test_latest_in_an_empty_store_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        store.find("latest")


class TestReservations:
    """What attempts reserved and spent; sums are those of all three stores."""

    HELD = Reservation(index=0, epoch=1, reserved={Unit.USD: 400_000, Unit.TURNS: 7})
    SPENT: Mapping[Unit, int] = {Unit.USD: 100_001, Unit.TOKENS: 9_000_000_000, Unit.TURNS: 2, Unit.MINUTES: 61_000}

    def put(self, store: Store, *reservations: Reservation, of: str = FIRST) -> None:
        with store.begin() as tx:
            tx.lock(of)
            for reservation in reservations:
                tx.put_reservation(of, reservation)

    def balance(self, store: Store, index: int | None = None) -> Balance:
        with store.begin() as tx:
            return tx.balance(FIRST, index)

    def amounts(self, usd: int = 0, tokens: int = 0, turns: int = 0, minutes: int = 0) -> dict[Unit, int]:
        return {Unit.USD: usd, Unit.TOKENS: tokens, Unit.TURNS: turns, Unit.MINUTES: minutes}

    def test_a_reservation_is_kept_and_closed(self, store: Store) -> None:
        add(store, execution(), [node_run(0), node_run(1)])
        self.put(store, self.HELD)
        with store.begin() as tx:
            assert tx.reservation(FIRST, 0, 1) == self.HELD
            assert tx.reservation(FIRST, 0, 2) is None
            assert tx.reservation(FIRST, 1, 1) is None
        closed = replace(self.HELD, spent=self.SPENT)
        self.put(store, closed)
        assert store.reservations(FIRST) == [closed]

    def test_sums_are_of_what_is_spent_and_still_reserved(self, store: Store) -> None:
        add(store, execution(), [node_run(0), node_run(1)])
        add(store, execution(SECOND), [node_run(0, SECOND)])
        assert self.balance(store) == Balance(spent=self.amounts(), reserved=self.amounts())
        other = Reservation(index=1, epoch=4, reserved={Unit.USD: 5})
        self.put(store, replace(self.HELD, spent=self.SPENT), replace(self.HELD, epoch=2), other)
        self.put(store, replace(self.HELD, spent=self.SPENT), of=SECOND)
        assert self.balance(store) == Balance(spent=self.SPENT, reserved=self.amounts(usd=400_005, turns=7))
        assert self.balance(store, 0) == Balance(spent=self.SPENT, reserved=self.amounts(usd=400_000, turns=7))
        assert self.balance(store, 1) == Balance(spent=self.amounts(), reserved=self.amounts(usd=5))
        assert [(each.index, each.epoch) for each in store.reservations(FIRST)] == [(0, 1), (0, 2), (1, 4)]

    def test_a_run_begun_anew_has_spent_nothing_yet(self, store: Store) -> None:
        add(store, execution(), [node_run(0), node_run(1)])
        self.put(store, replace(self.HELD, spent=self.SPENT), replace(self.HELD, index=1, spent=self.SPENT))
        with store.begin() as tx:
            tx.lock(FIRST)
            tx.begin_anew(FIRST, [])
            tx.begin_anew(FIRST, {0})
        assert self.balance(store, 0).spent == self.amounts()
        assert self.balance(store, 1).spent == self.SPENT
        assert self.balance(store).spent[Unit.TURNS] == 4
        self.put(store, replace(self.HELD, epoch=2, spent=self.SPENT))
        assert self.balance(store, 0).spent == self.SPENT
        assert [each.earlier for each in store.reservations(FIRST)] == [True, False, False]

    def test_an_assumption_counts_until_its_run_is_begun_anew(self, store: Store) -> None:
        add(store, execution(), [node_run(0), node_run(1)])
        assumed = replace(self.HELD, spent=self.SPENT, assumed=True)
        self.put(store, assumed, replace(assumed, index=1), replace(self.HELD, epoch=2, spent=self.SPENT))
        assert store.reservations(FIRST)[0] == assumed
        assert self.balance(store).spent[Unit.TURNS] == 6
        with store.begin() as tx:
            tx.lock(FIRST)
            tx.begin_anew(FIRST, {0})
        assert self.balance(store).spent[Unit.TURNS] == 4
        assert balance(store.reservations(FIRST)).spent == self.balance(store).spent

    def test_what_is_undone_leaves_nothing(self, store: Store) -> None:
        add(store, execution(), [node_run(0)])
        with pytest.raises(NotFound), store.begin() as tx:  # noqa: PT012
            tx.lock(FIRST)
            tx.put_reservation(FIRST, self.HELD)
            tx.run(FIRST, 7)
        assert store.reservations(FIRST) == []

    def test_coming_are_those_that_have_neither_settled_nor_reserved(self, store: Store) -> None:
        runs = [
            node_run(0, node="a", status=RUNNING),
            node_run(1, node="a", status=RUNNING),
            queued(2, node="a"),
            node_run(3, node="b"),
            node_run(4, node="b", status=NodeStatus.SKIPPED, result=Result.SKIPPED),
            node_run(5, node="c", status=NodeStatus.FAILED, result=Result.FAILURE),
        ]
        add(store, execution(), runs)
        add(store, execution(SECOND), [node_run(0, SECOND, node="a")])
        self.put(store, replace(self.HELD, index=0), replace(self.HELD, index=2, spent=self.SPENT))
        with store.begin() as tx:
            assert tx.coming(FIRST) == {"a": 2, "b": 1}

    def test_who_waits_for_others_is_found_in_claiming_order(self, store: Store) -> None:
        code = {"error_code": "AGENT_BUDGET", "not_before": later(60)}
        runs = [
            queued(0, **code),
            queued(1, error_code="MERGE_BUDGET", priority=3, ready_at=later(9)),
            queued(2, error_code="AGENT_OVERLOADED", not_before=later(60)),
            queued(3, **{**code, "ready_at": later(-5)}),
            node_run(4, status=NodeStatus.FAILED, error_code="AGENT_BUDGET"),
        ]
        add(store, execution(), runs)
        with store.begin() as tx:
            assert [run.index for run in tx.short_of_budget(FIRST)] == [1, 3, 0]
            assert tx.short_of_budget(FIRST)[0] == runs[1]

    def test_writing_takes_the_lock(self, store: Store) -> None:
        add(store, execution(), [node_run(0)])
        for write in (
            lambda tx: tx.put_reservation(FIRST, self.HELD),
            lambda tx: tx.begin_anew(FIRST, {0}),
        ):
            with pytest.raises(RuntimeError, match="without `lock`"), store.begin() as tx:
                write(tx)

    def test_unknown_executions_have_none(self, store: Store) -> None:
        for read in (lambda tx: tx.balance("x"), lambda tx: tx.coming("x"), lambda tx: tx.short_of_budget("x")):
            with pytest.raises(NotFound), store.begin() as tx:
                read(tx)
        with pytest.raises(NotFound):
            store.reservations("x")


TARGET = Target(repository="octo/repo", head_sha="a" * 40, number=7)
THING = Shown(place="run 3", github_id=2**40, digest="d1", concluded=True, annotations=50, refused="no")


def test_what_is_not_shown_is_never_behind(store: Store) -> None:
    add(store)
    with store.begin() as tx:
        tx.changed(FIRST)
    assert store.behind("here") == []
    assert store.showing(FIRST) is None
    assert store.shown(FIRST) == []


def test_github_is_behind_until_it_is_told_so_much(store: Store) -> None:
    add(store, execution(target=TARGET))
    add(store, execution(SECOND, target=TARGET))
    add(store, execution(THIRD, target=TARGET, instance="elsewhere"))
    first, second = store.behind("here")
    assert first == Showing(execution_id=FIRST, workflow_id="ci/check", target=TARGET, changes=1)
    with store.begin() as tx:
        tx.tell(replace(first, told=first.changes, refused=("comment", "check"), trouble="no permission"))
        tx.tell(replace(second, told=second.changes))
    assert store.behind("here") == []
    with store.begin() as tx:
        tx.changed(SECOND)
        tx.changed(FIRST)
        tx.changed(FIRST)
    assert [(each.execution_id, each.changes, each.told) for each in store.behind("here")] == [
        (FIRST, 2, 1),
        (SECOND, 2, 1),
    ]
    told = store.showing(FIRST)
    assert told is not None
    assert (told.refused, told.trouble) == (("comment", "check"), "no permission")


def test_a_change_is_undone_with_its_transaction(store: Store) -> None:
    add(store, execution(target=TARGET))
    with pytest.raises(NotFound), store.begin() as tx:  # noqa: PT012
        tx.changed(FIRST)
        tx.lock("nobody")
    assert [each.changes for each in store.behind("here")] == [1]


def test_what_is_told_while_it_changes_stays_behind(store: Store) -> None:
    add(store, execution(target=TARGET))
    (seen,) = store.behind("here")
    with store.begin() as tx:
        tx.changed(FIRST)
    with store.begin() as tx:
        tx.tell(replace(seen, told=seen.changes))
    assert [(each.changes, each.told) for each in store.behind("here")] == [(2, 1)]


def test_things_that_are_shown_are_kept_by_place(store: Store) -> None:
    add(store, execution(target=TARGET))
    begun = Shown(place="comment", begun=True)
    with store.begin() as tx:
        assert tx.put_shown(FIRST, THING)
        assert tx.put_shown(FIRST, begun)
        assert tx.put_shown(FIRST, replace(begun, begun=False, github_id=5, digest="d"))
    assert store.shown(FIRST) == [replace(begun, begun=False, github_id=5, digest="d"), THING]


def test_a_new_round_forgets_what_was_shown_and_refuses_what_comes_late(store: Store) -> None:
    add(store, execution(target=TARGET))
    (seen,) = store.behind("here")
    with store.begin() as tx:
        tx.tell(replace(seen, refused=("comment",), trouble="no permission"))
        tx.put_shown(FIRST, THING)
        tx.begin_round(FIRST, ["run 3", "run 4"])
    assert store.shown(FIRST) == [Shown(place="run 3", round=1)]
    assert store.showing(FIRST) == seen
    with store.begin() as tx:
        assert not tx.put_shown(FIRST, replace(THING, digest="late"))
        assert tx.put_shown(FIRST, replace(THING, digest="new", round=1))
    assert store.shown(FIRST) == [replace(THING, digest="new", round=1)]


def test_the_newest_execution_below_a_pull_request_is_known(store: Store) -> None:
    add(store, execution(target=TARGET))
    add(store, execution(SECOND, target=replace(TARGET, head_sha="b" * 40)))
    add(store, execution(THIRD, target=replace(TARGET, number=8)))
    with store.begin() as tx:
        tx.put_shown(FIRST, Shown(place="comment", github_id=77))
        tx.put_shown(FIRST, THING)
    assert store.newest_shown("octo/repo", 7, "ci/check", "comment") == [(SECOND, None), (FIRST, 77)]
    assert store.newest_shown("octo/repo", 7, "ci/other", "comment") == []
