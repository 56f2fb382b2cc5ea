"""The lifecycle under any interleaving of workers, control loops, people, deaths and silence.

The suite plays a fixed choice of games. `HYPOTHESIS_PROFILE=long` plays thousands of new ones, for about half an hour.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from orchestrator.execution.outcome import FailureClass, Outcome, Usage
from orchestrator.execution.state import NodeStatus
from orchestrator.lifecycle import transition
from tests.unit.lifecycle.machine.graphs import Graph, graphs
from tests.unit.lifecycle.machine.processes import Fate, Process
from tests.unit.lifecycle.machine.stage import Stage

pytestmark = pytest.mark.no_cover  # a tracer doubles its time, and it takes no way that no other test takes
T = TypeVar("T")
PROFILES = {
    "quick": settings(max_examples=60, stateful_step_count=50, derandomize=True),
    "long": settings(max_examples=5_000, stateful_step_count=80),
}
EXECUTIONS = 3
"""How many go on at once; another one starts where nobody has work any more."""

MOST_EXECUTIONS = 8

fates = st.builds(Fate, kind=st.sampled_from(["", "", "", "", "pause", "pause", "die", "fail"]), at=st.integers(0, 7))
picks = st.integers(0, 11)


@dataclass(frozen=True)
class Ending:
    """How an attempt ends."""

    failure: FailureClass | None
    word: str | None
    seconds: float | None = None
    cancelled: bool = False
    usage: Usage | None = None

    def outcome(self) -> Outcome:
        return Outcome(
            failure=None if self.cancelled else self.failure,
            message="it failed" if self.failure else "",
            outputs={} if self.word is None else {"word": self.word},
            retry_after_seconds=self.seconds if self.failure is FailureClass.OVERLOADED else None,
            cancelled=self.cancelled,
            usage=self.usage,
        )


usages = st.none() | st.builds(
    Usage, cost_usd=st.sampled_from([None, 0.1, 0.1, 0.3, 0.5, 1.2]), turns=st.sampled_from([0, 1, 1, 2, 5])
)
ENDS = [*[None] * 24, *[FailureClass.EXIT] * 6, *[FailureClass.TIMEOUT] * 2, *FailureClass]
endings = st.builds(
    Ending,
    failure=st.sampled_from(ENDS),
    word=st.sampled_from(["yes", "no", "yes", "", None]),
    seconds=st.sampled_from([None, 60.0, 7_200.0]),
    cancelled=st.sampled_from([False] * 9 + [True]),
    usage=usages,
)


@dataclass(frozen=True)
class Move:
    """A worker delivers, or else claims."""

    deliver: bool
    pick: int
    ending: Ending
    fate: Fate


moves = st.lists(st.builds(Move, deliver=st.booleans(), pick=picks, ending=endings, fate=fates), min_size=2, max_size=6)


@dataclass(frozen=True)
class Mishap:
    """Several things that go wrong together; `at` is where a process dies or stands still."""

    kind: str
    pick: int
    ending: Ending
    fate: Fate
    at: int
    hard: bool

    def or_else(self, failure: FailureClass) -> Outcome:
        return (Ending(failure, None) if self.hard else self.ending).outcome()


mishaps = st.builds(
    Mishap,
    kind=st.sampled_from(
        [
            "perform_what_is_being_performed",
            "begin_again_over_what_was_left",
            "decide_beside_the_deadline",
            "cancel_in_mid_attempt",
            "beat_beside_the_sweep",
            "overtake",
            "deliver_beside_the_control_loop",
            "end_an_instance_at_work",
            "end_and_begin_again",
            "reserve_at_once",
            "reserve_at_once",
        ]
    ),
    pick=picks,
    ending=endings,
    fate=fates,
    at=st.integers(0, 7),
    hard=st.booleans(),
)


class Lifecycle(RuleBasedStateMachine):
    """Each rule is something that somebody does, or that happens to somebody."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="lifecycle-"))
        self.stage = Stage(self.folder)
        self.broken = True
        self._most_settled = transition.MAX_SETTLED

    @initialize(graph=graphs(), most_settled=st.sampled_from([1, 1, 2, 1_000]))
    def begin(self, graph: Graph, most_settled: int) -> None:
        transition.MAX_SETTLED = most_settled
        self._play(self.stage.start, graph, self.stage.instances[0], Fate())
        self._play(self.stage.step, self.stage.instances[0], Fate())

    @precondition(lambda self: len(self.stage.ids()) < (EXECUTIONS if self._engaged() else MOST_EXECUTIONS))
    @rule(graph=graphs(), pick=picks, fate=fates)
    def start(self, graph: Graph, pick: int, fate: Fate) -> None:
        self._play(self.stage.start, graph, _pick(self.stage.instances, pick), fate)

    @precondition(lambda self: self._engaged())
    @rule(pick=picks, fate=fates)
    def tell_of_the_beginning(self, pick: int, fate: Fate) -> None:
        self._play(self.stage.begin, self._engage(pick), fate)

    # Three times the same: Hypothesis leaves out rules at random, and a game in which nobody works shows little.

    @precondition(lambda self: self._engaged())
    @rule(moves=moves)
    def work(self, moves: list[Move]) -> None:
        self._work(moves)

    @precondition(lambda self: self._engaged())
    @rule(moves=moves)
    def work_on(self, moves: list[Move]) -> None:
        self._work(moves)

    @precondition(lambda self: self._engaged())
    @rule(moves=moves)
    def work_more(self, moves: list[Move]) -> None:
        self._work(moves)

    # Twice the same, for the same reason.

    @precondition(lambda self: self._engaged())
    @rule(it=mishaps)
    def have_a_mishap(self, it: Mishap) -> None:
        getattr(self, f"_{it.kind}")(it)

    @precondition(lambda self: self._engaged() or self._waiting())
    @rule(it=mishaps)
    def have_another_mishap(self, it: Mishap) -> None:
        if self._engaged() or it.kind == "decide_beside_the_deadline":
            getattr(self, f"_{it.kind}")(it)

    @precondition(lambda self: self._engaged())
    @rule(pick=picks, ending=endings)
    def deliver_and_drain(self, pick: int, ending: Ending) -> None:
        worker = self._engage(pick)
        self._play(self.stage.deliver, worker, ending.outcome(), Fate(), draining=True)
        self._play(self.stage.crash, worker)

    @precondition(lambda self: self._engaged())
    @rule(pick=picks, usage=usages, fate=fates)
    def give_back(self, pick: int, usage: Usage | None, fate: Fate) -> None:
        self._play(self.stage.give_back, self._engage(pick), fate, usage)

    @precondition(lambda self: self._engaged())
    @rule(pick=picks)
    def crash(self, pick: int) -> None:
        self._play(self.stage.crash, self._engage(pick))

    @precondition(lambda self: self._busy())
    @rule(pick=picks)
    def stop_or_wake(self, pick: int) -> None:
        worker = _pick(self._busy(), pick)
        worker.stopped = not worker.stopped

    @precondition(lambda self: self._heirs())
    @rule(pick=picks, fate=fates)
    def take_seat(self, pick: int, fate: Fate) -> None:
        self._play(self.stage.take_seat, _pick(self._heirs(), pick), fate)

    @precondition(lambda self: self.stage.spent and self._engaged())
    @rule(pick=picks, ending=endings, fate=fates)
    def deliver_twice(self, pick: int, ending: Ending, fate: Fate) -> None:
        self._play(self.stage.deliver_late, _pick(self.stage.spent[::-1], pick), ending.outcome(), fate)

    @precondition(lambda self: self.stage.ghosts and self._open())
    @rule(pick=picks, ending=endings, fate=fates)
    def deliver_as_a_ghost(self, pick: int, ending: Ending, fate: Fate) -> None:
        self._play(self.stage.deliver_late, _pick(self.stage.ghosts[::-1], pick), ending.outcome(), fate)

    @precondition(lambda self: self._open() or self.stage.paused)
    @rule(pick=picks, fate=fates)
    def step(self, pick: int, fate: Fate) -> None:
        instance = _pick(self.stage.instances, pick)
        if instance.loop.process.errand is None:
            self._play(self.stage.step, instance, fate)

    @precondition(lambda self: self._at_stake())
    @rule(seconds=st.sampled_from([1, 5, 31, 31, 299, 700, 4_000]))
    def pass_time(self, seconds: float) -> None:
        self._play(self.stage.pass_time, seconds)

    @precondition(lambda self: self._at_stake())
    @rule()
    def pass_time_until_leases_end(self) -> None:
        for seconds in (0, 31):
            self._play(self.stage.pass_time, seconds)
            self._everybody_steps()

    @precondition(lambda self: self.stage.paused)
    @rule(pick=picks, fate=fates)
    def go_on(self, pick: int, fate: Fate) -> None:
        self._play(self.stage.go_on, _pick(self.stage.paused, pick), fate)

    @precondition(lambda self: self._waiting())
    @rule(pick=picks, approve=st.booleans(), again=st.booleans(), fate=fates)
    def decide(self, pick: int, approve: bool, again: bool, fate: Fate) -> None:
        execution_id, node = _pick(self._waiting(), pick)
        self._play(self.stage.decide, execution_id, node, fate, approve=approve)
        if again:
            self._play(self.stage.decide, execution_id, node, Fate(), approve=not approve)

    @precondition(lambda self: self._waiting())
    @rule()
    def let_approvals_wait(self) -> None:
        self._play(self.stage.pass_time, 700)
        self._everybody_steps()

    @precondition(lambda self: self._open())
    @rule(pick=picks, rarely=st.integers(0, 3), late=st.sampled_from([False, False, False, True]), fate=fates)
    def cancel(self, pick: int, rarely: int, late: bool, fate: Fate) -> None:
        if not rarely:
            self._play(self.stage.cancel, _pick(self.stage.ids() if late else self._open(), pick), fate)

    @precondition(lambda self: self._ended())
    @rule(pick=picks, node=picks, how=st.sampled_from(["all", "failed", "failed", "node", "node"]), fate=fates)
    def rerun(self, pick: int, node: int, how: str, fate: Fate) -> None:
        execution_id = _pick(self._ended(), pick)
        runs = list(self.stage.store.tables.runs[execution_id].values())
        names = sorted({run.node for run in runs} | {run.key for run in runs})
        name = _pick(names, node) if how == "node" else None
        if how != "all" or len(self.stage.ids()) < MOST_EXECUTIONS:
            self._play(self.stage.rerun, execution_id, fate, failed_only=how == "failed", node=name)

    @precondition(lambda self: self._engaged() and self._open())
    @rule(pick=picks, rarely=st.integers(0, 5))
    def rerun_what_has_not_ended(self, pick: int, rarely: int) -> None:
        if not rarely:
            execution_id = _pick(self._open(), pick)
            self._play(self.stage.rerun, execution_id, Fate(), failed_only=True, node=None)

    @precondition(lambda self: self._open())
    @rule(pick=picks, rarely=st.integers(0, 9))
    def end_instance(self, pick: int, rarely: int) -> None:
        if not rarely:
            self._play(self.stage.end_instance, _pick(self.stage.instances, pick))

    @precondition(lambda self: self.stage.orphans())
    @rule(pick=picks, fate=fates)
    def resume(self, pick: int, fate: Fate) -> None:
        self._play(self.stage.resume, _pick(self.stage.orphans(), pick), fate)

    def teardown(self) -> None:
        try:
            if not self.broken:
                self.stage.drain()
                self.stage.check_ends()
        finally:
            self.stage.close()
            transition.MAX_SETTLED = self._most_settled
            shutil.rmtree(self.folder, ignore_errors=True)

    def _play(self, act: Callable[..., None], *arguments: Any, **named: Any) -> None:
        """After a step that broke something, the end of the game tells nothing."""
        self.broken = True
        act(*arguments, **named)
        self.broken = False

    def _overtake(self, it: Mishap) -> None:
        """A worker falls silent, another one takes what it had, and then it reports after all."""
        worker = self._engage(it.pick)
        held = worker.claim
        worker.stopped = True
        self.pass_time_until_leases_end()
        self._all_claim()
        if it.hard and worker.claim is held:
            self._play(self.stage.deliver, worker, it.ending.outcome(), Fate())
        else:
            self._play(self.stage.deliver_late, held, it.ending.outcome(), Fate())

    def _perform_what_is_being_performed(self, it: Mishap) -> None:
        """A worker dies after its commit; the control loop stands still over what is left, and another performs it."""
        worker = self._engage(it.pick)
        execution_id, instance = worker.claim.execution_id, self.stage.owner(worker)
        self._play(self.stage.deliver, worker, it.or_else(FailureClass.REFUSED), Fate(kind="die", at=1))
        if instance.loop.process.errand is None:
            self._play(self.stage.step, instance, Fate(kind="pause", at=_near(3, it.at)))
        self._play(self.stage.perform, execution_id)
        if instance.loop.process.errand:
            self._play(self.stage.go_on, instance.loop.process.errand, Fate())

    def _deliver_beside_the_control_loop(self, it: Mishap) -> None:
        """A worker stands still while it hands in a result, and the control loop does what the worker had begun."""
        worker = self._engage(it.pick)
        self._play(self.stage.deliver, worker, it.ending.outcome(), Fate(kind="pause", at=it.at))
        self._everybody_steps()
        if worker.errand:
            self._play(self.stage.go_on, worker.errand, Fate())

    def _cancel_in_mid_attempt(self, it: Mishap) -> None:
        """Somebody cancels, an attempt ends after that, and perhaps what was never begun is asked for all the same."""
        worker = self._engage(it.pick)
        execution_id = worker.claim.execution_id
        self._play(self.stage.cancel, execution_id, it.fate)
        self._play(self.stage.deliver, worker, it.or_else(FailureClass.EXIT), Fate())
        if it.at % 2 and execution_id in self._ended():
            last = [*self.stage.books.graphs[execution_id].nodes][-1]
            self._play(self.stage.rerun, execution_id, Fate(), failed_only=False, node=last)

    def _begin_again_over_what_was_left(self, it: Mishap) -> None:
        """Two processes die right after their commits, and the execution begins anew before anybody has noticed."""
        worker = self._engage(it.pick)
        execution_id = worker.claim.execution_id
        for other in self._busy():
            if other is not worker and other.claim.execution_id == execution_id:
                self._play(self.stage.deliver, other, Outcome(), Fate(), draining=True)
        self._play(self.stage.deliver, worker, it.or_else(FailureClass.REFUSED), Fate(kind="die", at=1))
        self._play(self.stage.cancel, execution_id, Fate(kind="die", at=1))
        self._play(self.stage.rerun, execution_id, Fate(), failed_only=True, node=None)

    def _beat_beside_the_sweep(self, it: Mishap) -> None:
        """A silent worker shows itself while the control loop is about to take its work."""
        worker = self._engage(it.pick)
        loop = self.stage.owner(worker).loop
        if loop.process.errand is None:
            worker.stopped = True
            self._everybody_steps()
            self._play(self.stage.pass_time, 31)
            self._play(self.stage.step, self.stage.owner(worker), Fate(kind="pause", at=_near(4, it.at)))
            self._play(self.stage.beat, worker.claim)
            if loop.process.errand:
                self._play(self.stage.go_on, loop.process.errand, Fate())

    def _decide_beside_the_deadline(self, it: Mishap) -> None:
        """Somebody decides while the control loop is about to."""
        if not self._waiting():
            return
        execution_id, node = _pick(self._waiting(), it.pick)
        instance = self.stage.instance_of(execution_id)
        if instance is None or instance.loop.process.errand:
            return
        self._play(self.stage.pass_time, 700)
        self._play(self.stage.step, instance, Fate(kind="pause", at=_near(3, it.at)))
        if it.hard:
            self._play(self.stage.cancel, execution_id, Fate())
        else:
            self._play(self.stage.decide, execution_id, node, Fate(), approve=it.pick % 2 == 0)
        if instance.loop.process.errand:
            self._play(self.stage.go_on, instance.loop.process.errand, Fate())

    def _end_and_begin_again(self, it: Mishap) -> None:
        """All goes well for once, and a part of it is done again."""
        execution_id = self._engage(it.pick).claim.execution_id
        for _ in range(8):
            self._all_claim()
            for worker in self._busy():
                self._play(self.stage.deliver, worker, Outcome(), Fate())
        if execution_id in self._ended():
            name = _pick([*self.stage.books.graphs[execution_id].nodes], it.at)
            self._play(self.stage.rerun, execution_id, it.fate, failed_only=False, node=name)

    def _reserve_at_once(self, it: Mishap) -> None:
        """Everybody asks for a budget, the first one ends, and whoever waited for that may go on."""
        first = self._engage(it.pick)
        self._all_claim()
        for worker in [first, *(each for each in self._busy() if each is not first)]:
            if self.stage.must_reserve(worker.claim):
                self._play(self.stage.reserve, worker, Fate())
        if first.claim and first.errand is None:
            self._play(self.stage.deliver, first, it.ending.outcome(), it.fate)
        self._all_claim()

    def _end_an_instance_at_work(self, it: Mishap) -> None:
        """A process tree dies, and another one takes its execution over."""
        worker = self._engage(it.pick)
        execution_id = worker.claim.execution_id
        self._play(self.stage.end_instance, self.stage.owner(worker))
        if execution_id in self.stage.orphans():
            self._play(self.stage.resume, execution_id, it.fate)

    def _work(self, moves: list[Move]) -> None:
        for move in moves:
            if self._busy() and (move.deliver or not self._wanted()):
                worker = _pick(self._busy(), move.pick)
                self._play(self.stage.deliver, worker, move.ending.outcome(), move.fate)
            elif self._wanted():
                worker = _pick(self._wanted(), move.pick)
                self._play(self.stage.claim, worker, move.fate)

    def _everybody_steps(self) -> None:
        for instance in self.stage.instances:
            if instance.loop.process.errand is None:
                self._play(self.stage.step, instance, Fate())

    def _all_claim(self) -> None:
        for worker in self._wanted():
            self._play(self.stage.claim, worker, Fate())

    def _engaged(self) -> bool:
        """Whether there is work, or somebody is at it."""
        return bool(self._busy() or self._wanted())

    def _engage(self, pick: int) -> Process:
        """A worker at work."""
        if not self._busy():
            self._all_claim()
        return _pick(self._busy(), pick)

    def _wanted(self) -> list[Process]:
        """Workers that have nothing to do while something is ready for them."""
        return [each for each in self._idle() if self.stage.ready_for(each)]

    def _idle(self) -> list[Process]:
        return [each for each in self.stage.workers if each.claim is None and each.errand is None]

    def _busy(self) -> list[Process]:
        return [each for each in self.stage.workers if each.claim is not None and each.errand is None]

    def _ended(self) -> list[str]:
        executions = self.stage.store.tables.executions
        return [key for key in self.stage.ids() if executions[key].status.ended]

    def _at_stake(self) -> bool:
        """Whether time changes anything: a lease, a delay or a deadline may end."""
        return any(key for instance in self.stage.instances for key in self.stage.timed(instance))

    def _heirs(self) -> list[Process]:
        """Workers whose predecessors have left node runs behind."""
        left = {str(claim.worker).rpartition(".")[0] for claim in self.stage.ghosts if self.stage.books.live(claim)}
        return [worker for worker in self._idle() if worker.name.rpartition(".")[0] in left]

    def _open(self) -> list[str]:
        return [key for key in self.stage.ids() if key not in self._ended()]

    def _waiting(self) -> list[tuple[str, str]]:
        """Approvals that somebody should decide."""
        runs = [run for of in self.stage.store.tables.runs.values() for run in of.values()]
        return [(run.execution_id, run.node) for run in runs if run.status is NodeStatus.WAITING]


def _near(usual: int, at: int) -> int:
    """The call at which it matters, or else one beside it."""
    return usual if at < 5 else usual + at - 6


def _pick(choices: Sequence[T], number: int) -> T:
    return choices[number % len(choices)]


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(
    PROFILES.get(os.environ.get("HYPOTHESIS_PROFILE", ""), PROFILES["quick"]),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
