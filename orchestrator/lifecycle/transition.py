"""One transaction's worth of change to one execution: node runs, counters, status and outbox together."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from orchestrator.definition.model import JsonValue
from orchestrator.errors import StaleClaim
from orchestrator.execution import machine, progress
from orchestrator.execution.effects import Effect
from orchestrator.execution.failure import sentence
from orchestrator.execution.machine import Situation
from orchestrator.execution.outcome import Outcome
from orchestrator.execution.state import Execution, NodeRun, NodeStatus, Result
from orchestrator.lifecycle import contexts, live
from orchestrator.lifecycle.limits import within_room
from orchestrator.lifecycle.notice import Notice, tell
from orchestrator.lifecycle.ports import Transaction
from orchestrator.lifecycle.services import Services

MAX_SETTLED: Final = 1_000
"""Node runs whose successors one transaction looks at; a longer cascade of skips goes on through the outbox."""

_ACTIVE = frozenset({NodeStatus.QUEUED, NodeStatus.RUNNING})


class Transition:
    """An execution held by its transaction. Callers change it through the methods, and `transition` closes it.

    `performs` tells, once it is closed, whether it left effects in the outbox.
    """

    def __init__(self, tx: Transaction, execution: Execution, situation: Situation) -> None:
        self.tx = tx
        self.execution = execution
        self.situation = situation
        self._predecessors: dict[int, list[NodeRun]] = {}
        self.performs = False
        self._before = execution
        self._announced: dict[int, NodeRun] = {}
        self._queued: Counter[str] = Counter()
        self._opened = self._activated = 0
        self._timed = self._began = self._stops = False
        self._effects: list[Effect] = []

    def claimed(self, claim: NodeRun) -> NodeRun:
        """The run as stored; `StaleClaim` unless `claim` still holds it."""
        run = self.tx.run(claim.execution_id, claim.index)
        if run.status is not NodeStatus.RUNNING or run.epoch != claim.epoch:
            raise StaleClaim(f"{claim.key} was claimed anew (epoch {run.epoch}, ours is {claim.epoch})")
        return run

    def settle(self, run: NodeRun, outcome: Outcome, *, decided_by: str | None = None) -> None:
        """End `run`, and move on what waited for it."""
        outcome = within_room(outcome, self.execution.artifact_bytes)
        ended = replace(machine.settled(run, outcome, self.situation), decided_by=decided_by)
        if kept := sum(artifact.size for artifact in outcome.artifacts):
            self.execution = replace(self.execution, artifact_bytes=self.execution.artifact_bytes + kept)
        self.put([run], [ended])
        self.spread([ended])

    def put(self, before: Iterable[NodeRun], after: Sequence[NodeRun]) -> None:
        """Replace node runs, and keep counters and announcements true."""
        for old, new in zip(before, after, strict=True):
            self._count(old, new)
            if old.status is not new.status:
                self._announced[new.index] = new
            if new.status is NodeStatus.QUEUED and new.not_before is None:
                self._queued[new.queue] += 1
            self._timed = self._timed or bool(new.not_before or new.deadline)
            if new.result is Result.FAILURE and self.execution.error_message is None:
                self.execution = replace(self.execution, error_message=sentence(new))
        self.tx.save_runs(after)

    def spread(self, settled: Iterable[NodeRun]) -> None:
        """Tell the successors of settled runs, and those of the ones that settle thereby."""
        work = deque(settled)
        done = 0
        while work and done < MAX_SETTLED:
            work.extend(self._tell_successors(work.popleft()))
            done += 1
        if work:
            self.later("cascade", indexes=[run.index for run in work])

    def later(self, kind: str, **payload: JsonValue) -> None:
        """Have an effect performed after the commit."""
        self._effects.append(Effect(kind=kind, payload=payload))

    def taken(self, run: NodeRun) -> None:
        """A run of this execution needs no worker to be woken: somebody has it already."""
        self._queued[run.queue] -= 1
        self._announced[run.index] = run

    def known_predecessors(self, run: NodeRun) -> Sequence[NodeRun] | None:
        """Those of a run that became ready by this change."""
        return self._predecessors.get(run.index) if run.execution_id == self.execution.id else None

    def began(self) -> None:
        """Tell that the execution has its first node run at work."""
        self._began = True

    def stop(self) -> None:
        """Have what runs look whether it should end."""
        self._stops = True

    def close(self, instance: str) -> Notice | None:
        """Write the execution and the outbox; what is to be told after the commit.

        Whoever does not belong to the execution's `instance` reaches neither its workers nor its watchers, and leaves
        the telling to its control loop.
        """
        self._conclude()
        if self.execution != self._before:
            self.tx.save(self.execution)
        if self.execution.target and (self._announced or self.execution != self._before):
            self.tx.changed(self.execution.id)
        notice = self._notice()
        ours = self.execution.instance == instance
        effects = self._effects if ours else [Effect(kind="tell", payload=notice.payload()), *self._effects]
        if effects:
            self.tx.add_effects(self.execution.id, effects)
        self.performs = bool(effects)
        return notice if ours else None

    def _notice(self) -> Notice:
        return Notice(
            runs=[live.described(run) for run in self._announced.values()],
            labels={label: count for label, count in self._queued.items() if count > 0},
            started=self._began,
            timer=self._timed,
            stop=self._stops,
        )

    def _tell_successors(self, run: NodeRun) -> list[NodeRun]:
        successors = self.tx.successors(run.execution_id, run.index)
        nearly = [each.index for each in successors if each.waiting_for == 1 and each.status is NodeStatus.PENDING]
        predecessors = self.tx.predecessors(run.execution_id, nearly) if nearly else {}
        self._predecessors |= predecessors
        changed = machine.propagate(successors, predecessors, self.situation)
        old = {each.index: each for each in successors}
        self.put([old[each.index] for each in changed], changed)
        return [each for each in changed if each.status.settled]

    def _count(self, old: NodeRun, new: NodeRun) -> None:
        self._opened += old.status.settled - new.status.settled
        self._activated += (new.status in _ACTIVE) - (old.status in _ACTIVE)

    def _conclude(self) -> None:
        self.execution = replace(
            self.execution,
            open_runs=self.execution.open_runs + self._opened,
            active_runs=self.execution.active_runs + self._activated,
        )
        if self.execution.status.ended:
            return
        if self.execution.open_runs:
            self.execution = replace(self.execution, status=progress.status(self.execution))
            return
        runs = self.tx.runs(self.execution.id)
        self.execution = progress.ended(self.execution, runs, self.situation.now)
        self.later("finish")


@contextmanager
def transition(services: Services, execution_id: str) -> Iterator[Transition]:
    """Lock an execution, change it, commit all of it at the end, and tell; effects are still to be performed."""
    plan = services.plan(execution_id)
    with services.store.begin() as tx:
        execution = tx.lock(execution_id)
        situation = Situation(workflow=plan.definition, contexts=contexts.common(execution), now=services.clock.now())
        change = Transition(tx, execution, situation)
        yield change
        notice = change.close(services.instance)
    if notice:
        tell(services, execution_id, notice)
