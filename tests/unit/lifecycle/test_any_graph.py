"""Random graphs, outcomes, crashes, late results and cancellations: every execution ends, and its books are right."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.definition.model import Approval, EdgeCondition, Matrix, Need, Node, Retry, RetryClass, Workflow
from orchestrator.errors import Conflict, StaleClaim
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.state import ExecutionStatus, NodeRun, NodeStatus, Result
from orchestrator.lifecycle import advance, decide
from orchestrator.lifecycle.archive.checked import check
from orchestrator.lifecycle.archive.claimed import claimed
from orchestrator.lifecycle.archive.going_on import check_standing
from orchestrator.lifecycle.archive.record import Record
from orchestrator.lifecycle.cancel import cancel
from orchestrator.lifecycle.rerun import rerun
from tests.fakes.world import World, node, workflow

CONDITIONS = st.sampled_from([None, None, None, "always()", "failure()", "success()", "false", "fromJSON('{')"])
MOVES = st.sampled_from(
    ["claim", "claim", "claim", "claim", "work", "work", "work", "fail", "crash", "late", "drain", "decide", "cancel"]
)
ACTIVE = {NodeStatus.QUEUED, NodeStatus.RUNNING}


@st.composite
def graphs(draw: st.DrawFn) -> Workflow:
    count = draw(st.integers(1, 7))
    nodes: list[Node] = []
    for number in range(count):
        sources = draw(st.sets(st.sampled_from([each.id for each in nodes]), max_size=3)) if nodes else set()
        when = draw(st.sampled_from(EdgeCondition))
        nodes.append(
            node(
                f"n{number}",
                *(Need(node=source, when=when) for source in sorted(sources)),
                action=draw(st.sampled_from([None, None, None, Approval()])),
                condition=draw(CONDITIONS),
                implied_success=draw(st.booleans()),
                continue_on_error=draw(st.booleans()),
                matrix=draw(st.sampled_from([None, None, Matrix(axes={"v": [1, 2]})])),
                retry=Retry(attempts=draw(st.integers(1, 2)), delay_seconds=0, on=tuple(RetryClass)),
            )
        )
    return workflow(*nodes)


class Player:
    """Plays moves against one execution, and watches every settled node run."""

    def __init__(self, world: World, definition: Workflow) -> None:
        self.world = world
        self.execution = world.start(definition)
        self.edges = world.store.edges(self.execution.id)
        self.held: list[NodeRun] = []
        self.stale: list[NodeRun] = []
        self.settled_at: set[tuple[int, int]] = set()

    def play(self, move: str) -> None:
        services, execution_id = self.world.services, self.execution.id
        match move:
            case "cancel":
                self._unless_over(lambda: cancel(services, execution_id, "me"))
            case "decide":
                waiting = [run for run in self.runs() if run.status is NodeStatus.WAITING]
                if waiting:
                    self._unless_over(lambda: decide.approve(services, execution_id, waiting[0].key, "me"))
            case "late":
                for claim in self.stale:
                    self._refused(claim)
            case "claim":
                self._claim()
            case _:
                self._work(move)
        self.check()

    def _claim(self) -> None:
        world = self.world
        with world.store.begin() as tx:
            claim = tx.claim(labels=["default"], instance="here", worker="w", now=world.clock.now())
        if claim:
            assert all(self.run(source).status.settled for source, target in self.edges if target == claim.index)
            self.held.append(claim)

    def _work(self, move: str) -> None:
        if not self.held:
            self._claim()
        if not self.held:
            return
        claim = self.held.pop(0)
        self.stale.append(claim)
        if move == "crash":
            self._sweep()
            self.world.clock.advance(31)
            self._sweep()
        elif move == "drain":
            advance.requeue(self.world.services, claim)
        else:
            outcome = Outcome(failure=FailureClass.EXIT, message="no") if move == "fail" else Outcome()
            assert (claim.index, claim.epoch) not in self.settled_at
            self.settled_at.add((claim.index, claim.epoch))
            advance.settle(self.world.services, claim, outcome, self.world.claimant("w"))

    def _sweep(self) -> None:
        leases = {(lease.index, lease.epoch): lease for lease in self.world.store.leases("here")}
        self.world.store.beat([leases[claim.index, claim.epoch] for claim in self.held])
        self.world.control.step()

    def _refused(self, claim: NodeRun) -> None:
        before = self.world.store.runs(self.execution.id)
        try:
            advance.settle(self.world.services, claim, Outcome(), self.world.claimant("late"))
        except StaleClaim:
            assert self.world.store.runs(self.execution.id) == before
        else:
            raise AssertionError(f"a late result of {claim.key} was taken")

    def _unless_over(self, act: object) -> None:
        try:
            act()  # type: ignore[operator]
        except Conflict:
            assert self.world.store.execution(self.execution.id).status.ended

    def runs(self) -> list[NodeRun]:
        return self.world.store.runs(self.execution.id)

    def run(self, index: int) -> NodeRun:
        return self.runs()[index]

    def finish(self) -> None:
        for _ in range(200):
            if self.world.store.execution(self.execution.id).status.ended:
                return
            self.play("work")
            self.play("decide")
        raise AssertionError(f"it does not end: {self.world.statuses(self.execution)}")

    def check(self) -> None:
        execution, runs = self.world.store.execution(self.execution.id), self.runs()
        assert execution.open_runs == sum(not run.status.settled for run in runs)
        assert execution.active_runs == sum(run.status in ACTIVE for run in runs)
        assert execution.status.ended == (execution.open_runs == 0)
        assert (execution.status is ExecutionStatus.WAITING) == (execution.open_runs > 0 and not execution.active_runs)
        assert self.world.outbox() == 0
        for run in runs:
            before = [runs[source] for source, target in self.edges if target == run.index]
            if run.status is NodeStatus.PENDING:
                assert run.waiting_for == sum(not each.status.settled for each in before) > 0
            elif run.status is not NodeStatus.CANCELLED:
                assert all(each.status.settled for each in before)
            assert run.status.settled == (run.result is not None)

    def could_go_on_elsewhere(self) -> None:
        """Nobody who reads of it in a branch takes it for made up."""
        with self.world.store.begin() as tx:
            tx.lock(self.execution.id)
            dossier = tx.dossier(self.execution.id)
        check(Record(dossier=dossier, saved_at=self.world.clock.now()), self.execution.id)
        check_standing(claimed(dossier))

    def check_end(self) -> None:
        execution, runs = self.world.store.execution(self.execution.id), self.runs()
        failed = any(run.result is Result.FAILURE for run in runs)
        if not execution.cancel_requested:
            assert execution.status is (ExecutionStatus.FAILED if failed else ExecutionStatus.COMPLETED)
        else:
            assert execution.status is ExecutionStatus.CANCELLED
        assert bool(execution.error_message) == (failed or execution.cancel_requested)


def play(world: World, definition: Workflow, moves: list[str], *, again: bool) -> None:
    """An execution of `definition`, through these moves to its end, and once more where it failed."""
    player = Player(world, definition)
    player.check()
    for move in moves:
        player.play(move)
    player.could_go_on_elsewhere()
    player.finish()
    player.check_end()
    player.could_go_on_elsewhere()
    if again and any(run.status in (NodeStatus.FAILED, NodeStatus.CANCELLED) for run in player.runs()):
        rerun(player.world.services, player.execution.id, failed_only=True)
        player.check()
        player.could_go_on_elsewhere()
        player.play("late")
        player.finish()
        player.check_end()


@pytest.mark.no_cover
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(definition=graphs(), moves=st.lists(MOVES, max_size=40), again=st.booleans())
def test_every_execution_ends_with_its_books_right(definition: Workflow, moves: list[str], again: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        play(World(Path(folder)), definition, moves, again=again)
