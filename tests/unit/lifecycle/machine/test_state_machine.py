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

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from orchestrator.execution.state import FailureClass, Outcome
from orchestrator.lifecycle import transition
from tests.unit.lifecycle.machine.graphs import Graph, graphs
from tests.unit.lifecycle.machine.processes import Fate, Process
from tests.unit.lifecycle.machine.stage import Stage

T = TypeVar("T")
PROFILES = {
    "quick": settings(max_examples=60, stateful_step_count=50, derandomize=True),
    "long": settings(max_examples=5_000, stateful_step_count=80),
}
EXECUTIONS = 3
"""How many a game starts at most, not counting reruns."""

fates = st.builds(Fate, kind=st.sampled_from(["", "", "", "", "pause", "pause", "die", "fail"]), at=st.integers(0, 7))
picks = st.integers(0, 11)


@dataclass(frozen=True)
class Ending:
    """How an attempt ends."""

    failure: FailureClass | None
    word: str | None
    seconds: float | None = None
    cancelled: bool = False

    def outcome(self) -> Outcome:
        return Outcome(
            failure=None if self.cancelled else self.failure,
            message="it failed" if self.failure else "",
            outputs={} if self.word is None else {"word": self.word},
            retry_after_seconds=self.seconds if self.failure is FailureClass.OVERLOADED else None,
            cancelled=self.cancelled,
        )


ENDS = [*[None] * 16, *[FailureClass.EXIT] * 8, *[FailureClass.TIMEOUT] * 2, *FailureClass]
endings = st.builds(
    Ending,
    failure=st.sampled_from(ENDS),
    word=st.sampled_from([None, "yes", "no", ""]),
    seconds=st.sampled_from([None, 60.0, 7_200.0]),
    cancelled=st.sampled_from([False] * 9 + [True]),
)


@dataclass(frozen=True)
class Move:
    """A worker delivers, or else claims."""

    deliver: bool
    pick: int
    ending: Ending
    fate: Fate


moves = st.lists(st.builds(Move, deliver=st.booleans(), pick=picks, ending=endings, fate=fates), min_size=1, max_size=3)


class Lifecycle(RuleBasedStateMachine):
    """Each rule is something that somebody does, or that happens to somebody."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="lifecycle-"))
        self.stage = Stage(self.folder)
        self.started = 0
        self.broken = True
        self._most_settled = transition.MAX_SETTLED

    @initialize(graph=graphs(), most_settled=st.sampled_from([1, 2, 1_000]))
    def begin(self, graph: Graph, most_settled: int) -> None:
        transition.MAX_SETTLED = most_settled
        self._play(self.stage.start, graph, self.stage.instances[0], Fate())
        self._play(self.stage.step, self.stage.instances[0], Fate())

    @precondition(lambda self: self.started < EXECUTIONS - 1)
    @rule(graph=graphs(), pick=picks, fate=fates)
    def start(self, graph: Graph, pick: int, fate: Fate) -> None:
        self.started += 1
        self._play(self.stage.start, graph, _pick(self.stage.instances, pick), fate)

    @precondition(lambda self: self._busy())
    @rule(pick=picks, fate=fates)
    def tell_of_the_beginning(self, pick: int, fate: Fate) -> None:
        self._play(self.stage.begin, _pick(self._busy(), pick), fate)

    # Three times the same: Hypothesis leaves out rules at random, and a game in which nobody works shows little.

    @precondition(lambda self: self._wanted() or self._busy())
    @rule(moves=moves)
    def work(self, moves: list[Move]) -> None:
        self._work(moves)

    @precondition(lambda self: self._wanted() or self._busy())
    @rule(moves=moves)
    def work_on(self, moves: list[Move]) -> None:
        self._work(moves)

    @precondition(lambda self: self._wanted() or self._busy())
    @rule(moves=moves)
    def work_more(self, moves: list[Move]) -> None:
        self._work(moves)

    @precondition(lambda self: self._busy())
    @rule(pick=picks, ending=endings, alive=st.booleans())
    def overtake(self, pick: int, ending: Ending, alive: bool) -> None:
        """A worker falls silent, another one takes what it had, and then it reports after all."""
        worker = _pick(self._busy(), pick)
        held = worker.claim
        worker.stopped = True
        self.pass_time_until_leases_end()
        self._all_claim()
        if alive and worker.claim is held:
            self._play(self.stage.deliver, worker, ending.outcome(), Fate())
        else:
            self._play(self.stage.deliver_late, held, ending.outcome(), Fate())

    @precondition(lambda self: self._busy())
    @rule(pick=picks, ending=endings)
    def deliver_and_drain(self, pick: int, ending: Ending) -> None:
        worker = _pick(self._busy(), pick)
        self._play(self.stage.deliver, worker, ending.outcome(), Fate(), draining=True)
        self._play(self.stage.crash, worker)

    @precondition(lambda self: self._busy())
    @rule(pick=picks, fate=fates)
    def give_back(self, pick: int, fate: Fate) -> None:
        self._play(self.stage.give_back, _pick(self._busy(), pick), fate)

    @precondition(lambda self: self._busy())
    @rule(pick=picks)
    def crash(self, pick: int) -> None:
        self._play(self.stage.crash, _pick(self._busy(), pick))

    @precondition(lambda self: self._busy())
    @rule(pick=picks)
    def stop_or_wake(self, pick: int) -> None:
        worker = _pick(self._busy(), pick)
        worker.stopped = not worker.stopped

    @precondition(lambda self: self._idle() and self.stage.ghosts)
    @rule(pick=picks, fate=fates)
    def take_seat(self, pick: int, fate: Fate) -> None:
        self._play(self.stage.take_seat, _pick(self._idle(), pick), fate)

    @precondition(lambda self: self.stage.spent and self._open())
    @rule(pick=picks, ending=endings, fate=fates)
    def deliver_twice(self, pick: int, ending: Ending, fate: Fate) -> None:
        self._play(self.stage.deliver_late, _pick(self.stage.spent[::-1], pick), ending.outcome(), fate)

    @precondition(lambda self: self.stage.ghosts)
    @rule(pick=picks, ending=endings, fate=fates)
    def deliver_as_a_ghost(self, pick: int, ending: Ending, fate: Fate) -> None:
        self._play(self.stage.deliver_late, _pick(self.stage.ghosts[::-1], pick), ending.outcome(), fate)

    @precondition(lambda self: self._open() or self.stage.paused)
    @rule(pick=picks, fate=fates)
    def step(self, pick: int, fate: Fate) -> None:
        instance = _pick(self.stage.instances, pick)
        if instance.loop.process.errand is None:
            self._play(self.stage.step, instance, fate)

    @precondition(lambda self: self._open())
    @rule(seconds=st.sampled_from([1, 5, 31, 31, 299, 700, 4_000]))
    def pass_time(self, seconds: float) -> None:
        self._play(self.stage.pass_time, seconds)

    @precondition(lambda self: self._open())
    @rule()
    def pass_time_until_leases_end(self) -> None:
        for seconds in (0, 31):
            self._play(self.stage.pass_time, seconds)
            for instance in self.stage.instances:
                if instance.loop.process.errand is None:
                    self._play(self.stage.step, instance, Fate())

    @precondition(lambda self: self.stage.paused)
    @rule(pick=picks, fate=fates)
    def go_on(self, pick: int, fate: Fate) -> None:
        self._play(self.stage.go_on, _pick(self.stage.paused, pick), fate)

    @precondition(lambda self: self._open() and self._approvals())
    @rule(pick=picks, approve=st.booleans(), fate=fates)
    def decide(self, pick: int, approve: bool, fate: Fate) -> None:
        execution_id, node = _pick(self._approvals(), pick)
        self._play(self.stage.decide, execution_id, node, fate, approve=approve)

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
        if how != "all" or len(self.stage.ids()) < EXECUTIONS + 2:
            self._play(self.stage.rerun, execution_id, fate, failed_only=how == "failed", node=name)

    @precondition(lambda self: self._open())
    @rule(pick=picks, rarely=st.integers(0, 5))
    def rerun_what_has_not_ended(self, pick: int, rarely: int) -> None:
        if not rarely:
            execution_id = _pick(self._open(), pick)
            self._play(self.stage.rerun, execution_id, Fate(), failed_only=True, node=None)

    @precondition(lambda self: self._open())
    @rule(pick=picks, rarely=st.integers(0, 7))
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

    def _work(self, moves: list[Move]) -> None:
        for move in moves:
            if self._busy() and (move.deliver or not self._wanted()):
                worker = _pick(self._busy(), move.pick)
                self._play(self.stage.deliver, worker, move.ending.outcome(), move.fate)
            elif self._wanted():
                worker = _pick(self._wanted(), move.pick)
                self._play(self.stage.claim, worker, move.fate)

    def _all_claim(self) -> None:
        for worker in self._wanted():
            self._play(self.stage.claim, worker, Fate())

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

    def _open(self) -> list[str]:
        return [key for key in self.stage.ids() if key not in self._ended()]

    def _approvals(self) -> list[tuple[str, str]]:
        graphs = self.stage.books.graphs
        nodes = [(key, node) for key in self.stage.ids() for node in graphs[key].nodes.values()]
        found = [(key, node.id) for key, node in nodes if node.kind == "approval"]
        return [each for each in found if self.stage.waits(*each)] * 3 + found


def _pick(choices: Sequence[T], number: int) -> T:
    return choices[number % len(choices)]


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(
    PROFILES.get(os.environ.get("HYPOTHESIS_PROFILE", ""), PROFILES["quick"]),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
