"""Everything that lives in a test: two instances with their workers and control loops, people, and one store."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator.errors import Conflict, MyceliumError, NotFound, StaleClaim
from orchestrator.execution.budget import draws
from orchestrator.execution.outcome import FailureClass, Outcome, Usage
from orchestrator.execution.state import NodeRun, NodeStatus
from orchestrator.lifecycle import advance, budgets, contexts, decide
from orchestrator.lifecycle.attempts.attempt import Attempt
from orchestrator.lifecycle.attempts.carry_out import carry_out
from orchestrator.lifecycle.attempts.logbook import Logbook
from orchestrator.lifecycle.attempts.tally import Tally
from orchestrator.lifecycle.attempts.temporary import Folders
from orchestrator.lifecycle.cancel import cancel
from orchestrator.lifecycle.claim import Claim, Claimant, claim
from orchestrator.lifecycle.control import ControlLoop
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.perform import perform
from orchestrator.lifecycle.ports import Lease, LiveEventKind, Task
from orchestrator.lifecycle.rerun import rerun
from orchestrator.lifecycle.resume import resume
from orchestrator.lifecycle.start import StartRequest, start
from tests.fakes.wake import FakeStopSignals
from tests.fakes.world import World, agent
from tests.unit.lifecycle.machine import deeds
from tests.unit.lifecycle.machine.accounts import GRANTED, NEVER, WAITS
from tests.unit.lifecycle.machine.books import WatchedStore
from tests.unit.lifecycle.machine.graphs import Graph
from tests.unit.lifecycle.machine.oracle import content
from tests.unit.lifecycle.machine.processes import Errand, Fate, Process

LABELS = (("default",), ("default", "big"))
SHARED = "shared.txt"
ENDS = {
    "completed": LiveEventKind.EXECUTION_COMPLETED,
    "failed": LiveEventKind.EXECUTION_FAILED,
    "cancelled": LiveEventKind.EXECUTION_CANCELLED,
}
Then = Callable[[Any, MyceliumError | None], None]


class Loop:
    """A control loop and the process it lives in."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.control = ControlLoop(process.services, process.name)


@dataclass
class Instance:
    """A process tree: workers at their seats, and a control loop."""

    name: str
    workers: list[Process]
    loop: Loop


class Unstoppable:
    """A `Control` for attempts that nobody interrupts."""

    def fileno(self) -> int:
        return -1

    def reason(self) -> None:
        return None


class Stage:
    """Drives the lifecycle. What is said here of `fate` is in `processes.py`."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.clock, self.git = self.world.clock, self.world.git
        self.store = WatchedStore(self.clock)
        self.books = self.store.books
        self._plain = replace(self.world.services, store=self.store, jitter=lambda: 0.0)
        self._numbers = itertools.count(1)
        self.instances = [self._instance() for _ in range(2)]
        self.dead_instances: set[str] = set()
        self.spent: list[NodeRun] = []
        """Claims whose outcome was delivered, or that were given back."""
        self.ghosts: list[NodeRun] = []
        """Claims of workers that died, or only seemed to."""
        self.refused: set[tuple[str, int, int]] = set()
        """Claims that no budget lets begin."""
        self.paused: list[Errand] = []
        self.lost: list[str] = []
        """Calls that a service did not answer."""

    # who there is

    def _instance(self) -> Instance:
        name = f"i{next(self._numbers)}"
        services = replace(self._plain, instance=name)
        workers = [Process(services, f"{name}-w{seat}.1", labels) for seat, labels in enumerate(LABELS, start=1)]
        return Instance(name=name, workers=workers, loop=Loop(Process(services, f"{name}-loop")))

    @property
    def workers(self) -> list[Process]:
        return [worker for instance in self.instances for worker in instance.workers]

    def owner(self, worker: Process) -> Instance:
        return next(each for each in self.instances if worker in each.workers)

    def ids(self) -> list[str]:
        return sorted(self.store.tables.executions)

    def instance_of(self, execution_id: str) -> Instance | None:
        owner = self.store.tables.executions[execution_id].instance
        return next((instance for instance in self.instances if instance.name == owner), None)

    def _person(self, instance: Instance | None) -> Process:
        chosen = instance or self.instances[0]
        return Process(replace(self._plain, instance=chosen.name), f"person {next(self._numbers)}")

    # errands

    def send(self, process: Process, deed: object, call: Callable[[], Any], then: Then, fate: Fate) -> None:
        """Have `process` do something, and see to it that the watchers hear what came of it."""
        process.deed = deed
        told, changed = len(self.world.events.published), len(self.books.changes)
        errand = Errand(process, call, then)
        if errand.proceed(fate):
            self._after(process)
        else:
            self.paused.append(errand)
        if fate.undisturbed and not isinstance(deed, deeds.Cancel):
            self._all_told(told, changed)

    def go_on(self, errand: Errand, fate: Fate) -> None:
        self.paused.remove(errand)
        if errand.proceed(fate):
            self._after(errand.process)
        else:
            self.paused.append(errand)

    def _after(self, process: Process) -> None:
        self.lost += process.lost
        if process.dead:
            self._bury(process)

    def _all_told(self, told: int, changed: int) -> None:
        """Whoever is not disturbed tells the watchers of every change it makes."""
        published = self.world.events.published[told:]
        heard = {(event.execution_id, event.data.get("index"), event.status) for event in published}
        for change in self.books.changes[changed:]:
            owned = self.instance_of(change[0]) is not None
            assert change in heard or change[2] == "running" or not owned, f"nobody was told of {change}"

    def _bury(self, process: Process) -> None:
        """Somebody else takes the place of a dead process."""
        for instance in self.instances:
            if process is instance.loop.process:
                instance.loop = Loop(Process(process.services_of_the_living(), process.name))
            if process in instance.workers:
                self._replace(instance, process)

    def _replace(self, instance: Instance, worker: Process) -> None:
        if worker.claim:
            self.ghosts.append(worker.claim)
        seat, _, number = worker.name.rpartition(".")
        successor = Process(worker.services_of_the_living(), f"{seat}.{int(number) + 1}", worker.labels)
        instance.workers[instance.workers.index(worker)] = successor

    def ready_for(self, worker: Process) -> bool:
        due = self.store.tables.due(worker.instance, self.clock.now())
        return any(run.queue in worker.labels for run in due)

    def timed(self, instance: Instance) -> list[NodeRun]:
        """Node runs of which something is due later."""
        moving = [run for run in self.store.tables.moving.values() if self.instance_of(run.execution_id) is instance]
        return [run for run in moving if run.status is NodeStatus.RUNNING or run.not_before or run.deadline]

    # what workers do

    def claim(self, worker: Process, fate: Fate) -> None:
        def then(found: Claim | None, error: MyceliumError | None) -> None:
            assert error is None
            worker.claim = found.run if found else None

        self.send(worker, deeds.Claim(), lambda: claim(worker.services, _claimant(worker)), then, fate)

    def begin(self, worker: Process, fate: Fate) -> None:
        """The worker says that it is at work."""
        held = worker.claim

        def then(_: object, error: MyceliumError | None) -> None:
            if isinstance(error, StaleClaim):
                assert not self.books.live(held)
                worker.claim = None

        self.send(worker, deeds.Begin(claim=held), lambda: advance.start_running(worker.services, held), then, fate)

    def reserve(self, worker: Process, fate: Fate) -> None:
        """The worker asks whether its budget lets it begin; it goes on with the next where others have to end first."""
        held = worker.claim
        expected = self.books.accounts.verdict(held)

        def then(start: budgets.Start | None, error: MyceliumError | None) -> None:
            if isinstance(error, StaleClaim):
                assert not self.books.live(held)
                worker.claim = None
                return
            assert error is None
            assert start
            found = GRANTED if start.short is None else WAITS if start.short.passes else NEVER
            assert found == expected or not fate.undisturbed
            if found == WAITS:
                self.spent.append(held)
                worker.claim = None
            elif found == NEVER:
                self.refused.add(_key(held))

        self.send(worker, deeds.Reserve(claim=held), lambda: budgets.start(worker.services, held), then, fate)

    def must_reserve(self, claim: NodeRun) -> bool:
        """Whether the worker that holds a claim has not asked yet."""
        workflow = self._plain.plan(claim.execution_id).definition
        if not draws(workflow, workflow.nodes[claim.node]) or not self.books.live(claim):
            return False
        return not self.books.accounts.is_open(claim) and _key(claim) not in self.refused

    def deliver(self, worker: Process, outcome: Outcome, fate: Fate, *, draining: bool = False) -> None:
        """Hand in a result; where a budget is to be asked first, ask, and leave it at that."""
        held, claimant = worker.claim, _claimant(worker, draining=draining)
        if self.must_reserve(held):
            self.reserve(worker, fate)
            return
        if _key(held) in self.refused:
            outcome = Outcome(failure=FailureClass.BUDGET, message="it did not start")
        deed = deeds.Deliver(claim=held, outcome=self.carried_out(held, outcome))
        stale = not self.books.live(held)

        def call() -> Claim | None:
            return advance.settle(worker.services, held, deed.outcome, claimant)

        def then(following: Claim | None, error: MyceliumError | None) -> None:
            assert not (following and draining)
            worker.claim = following.run if following else None
            self.spent.append(held)
            self._delivered(deed, held, error, stale=stale)

        self.send(worker, deed, call, then, fate)

    def deliver_late(self, claim: NodeRun, outcome: Outcome, fate: Fate) -> None:
        """Somebody who lost a claim, or has delivered already, hands in a result."""
        person = self._person(self.instance_of(claim.execution_id))
        deed = deeds.Deliver(claim=claim, outcome=outcome)
        stale = not self.books.live(claim)

        def call() -> None:
            advance.settle(person.services, claim, outcome, _claimant(person))

        self.send(person, deed, call, lambda _, error: self._delivered(deed, claim, error, stale=stale), fate)

    def _delivered(self, deed: object, claim: NodeRun, error: MyceliumError | None, *, stale: bool) -> None:
        key = (claim.execution_id, claim.index, claim.epoch)
        if error is None:
            assert not stale, f"a late result of {claim.key} was taken"
            assert self.books.left.get(key) is deed, f"the result of {claim.key} is lost"
        else:
            assert isinstance(error, StaleClaim)
            assert not self.books.live(claim), f"the result of {claim.key} was refused"

    def give_back(self, worker: Process, fate: Fate, usage: Usage | None = None) -> None:
        claim = worker.claim
        deed, outcome = deeds.Requeue(claim=claim, usage=usage), Outcome(cancelled=True, usage=usage)

        def then(_: None, error: MyceliumError | None) -> None:
            self.spent.append(claim)
            worker.claim = None
            self._delivered(deed, claim, error, stale=False)

        self.send(worker, deed, lambda: advance.requeue(worker.services, claim, outcome), then, fate)

    def crash(self, worker: Process) -> None:
        worker.dead = True
        self._after(worker)

    def take_seat(self, worker: Process, fate: Fate) -> None:
        """The pool has seen that the worker's predecessor ended."""
        seat = worker.name.rpartition(".")[0]
        if worker.claim is None:
            call = lambda: advance.lose_all_of(worker.services, seat)  # noqa: E731
            self.send(worker, deeds.Replace(seat=seat), call, _no_error, fate)

    def carried_out(self, claim: NodeRun, outcome: Outcome) -> Outcome:
        """`outcome` as it comes out of the node's workspace, where it has one."""
        graph = self.books.graphs[claim.execution_id]
        node, succeeded = graph.nodes[claim.node], outcome.succeeded
        if not graph.commits or not succeeded or not self.books.live(claim):
            return outcome
        expected = self.books.oracle(claim.execution_id).files(claim.node)

        def deed(task: Task, _log: object, _control: object) -> Outcome:
            found = {path.name: path.read_bytes() for path in task.workspace.iterdir() if path.name != SHARED}
            found.pop("README.md")
            assert found == expected, f"{claim.key} found {sorted(found)}, not {sorted(expected)}"
            Path(task.workspace, f"{claim.key}.txt").write_bytes(content(claim))
            if outcome.outputs.get("word") == "yes":
                Path(task.workspace, SHARED).write_bytes(content(claim))
            return outcome

        self.world.runner.deeds[claim.key] = deed
        with Folders() as folders:
            result = carry_out(self._attempt(claim, folders))
        assert result.failure is not FailureClass.CRASHED, result.message
        if node.kind == "merge" and result.succeeded:
            present = set(self.git.files(result.commit or claim_base(claim, self.store)))
            assert present - {SHARED, "README.md"} == set(expected)
        return result

    def _attempt(self, claim: NodeRun, folders: Folders) -> Attempt:
        services = self._plain
        execution, plan = services.store.execution(claim.execution_id), services.plan(claim.execution_id)
        with services.store.begin() as tx:
            before = tx.predecessors(claim.execution_id, [claim.index])[claim.index]
        mask = Mask(())
        return Attempt(
            services=services,
            execution=execution,
            plan=plan,
            run=claim,
            predecessors=before,
            contexts=contexts.of_node(execution, plan.definition, claim, before, {}),
            log=Logbook(services, claim, mask),
            mask=mask,
            control=Unstoppable(),
            folders=folders,
            tally=Tally(None, None, services.clock),
        )

    # what people do

    def start(self, graph: Graph, instance: Instance, fate: Fate) -> None:
        person = self._person(instance)
        request = StartRequest(
            workflow=graph.workflow(),
            source="drawn",
            agents={"a": agent("a")},
            snapshot=self.git.snapshot() if graph.commits else None,
        )
        self.send(person, deeds.Start(graph=graph), lambda: start(person.services, request), _no_error, fate)

    def decide(self, execution_id: str, node: str, fate: Fate, *, approve: bool) -> None:
        person = self._person(self.instance_of(execution_id))
        deed = deeds.Decide(approve=approve, by=person.name)
        say = decide.approve if approve else decide.reject
        waiting = self.waits(execution_id, node)

        def then(_: None, error: MyceliumError | None) -> None:
            if error is None:
                assert deed in self.books.decided, "a decision is lost"
            else:
                assert isinstance(error, Conflict)
                assert not (waiting and fate.undisturbed)

        self.send(person, deed, lambda: say(person.services, execution_id, node, person.name), then, fate)

    def waits(self, execution_id: str, node: str) -> bool:
        runs = self.store.tables.runs[execution_id].values()
        return any(run.status is NodeStatus.WAITING for run in runs if run.node == node)

    def cancel(self, execution_id: str, fate: Fate) -> None:
        person = self._person(self.instance_of(execution_id))
        before = self.store.tables.executions[execution_id]
        ended, first = before.status.ended, not before.cancel_requested

        def then(_: None, error: MyceliumError | None) -> None:
            after = self.store.tables.executions[execution_id]
            if error is None:
                assert (after.cancel_requested and not ended) or not fate.undisturbed
            else:
                assert isinstance(error, Conflict)
                assert ended or not fate.undisturbed
            if error is None and first and fate.undisturbed and self.instance_of(execution_id):
                assert execution_id in self.world.wake.stopped

        deed = deeds.Cancel(by=person.name)
        self.send(person, deed, lambda: cancel(person.services, execution_id, person.name), then, fate)

    def rerun(self, execution_id: str, fate: Fate, *, failed_only: bool, node: str | None) -> None:
        instance = self.instance_of(execution_id) or self.instances[0]
        person = self._person(instance)
        ended = self.store.tables.executions[execution_id].status.ended
        runs = self.store.tables.runs[execution_id].values()
        failed = any(run.status in (NodeStatus.FAILED, NodeStatus.CANCELLED) for run in runs)

        def then(again: Any, error: MyceliumError | None) -> None:
            if error is not None:
                assert isinstance(error, Conflict | NotFound)
                assert not ended or (failed_only and not failed) or not fate.undisturbed
            elif node is None and not failed_only:
                one = self.store.tables.executions[execution_id]
                assert again.id != execution_id
                assert (again.base, again.inputs) == (one.base, one.inputs)

        deed = deeds.Rerun(graph=self.books.graphs[execution_id], node=node)
        services = person.services
        call = lambda: rerun(services, execution_id, failed_only=failed_only, node=node)  # noqa: E731
        self.send(person, deed, call, then, fate)

    def resume(self, execution_id: str, fate: Fate) -> None:
        """Take up an execution whose instance died."""
        person = self._person(self.instances[0])

        def then(_: None, error: MyceliumError | None) -> None:
            assert error is None or isinstance(error, Conflict)
            if error is None and fate.undisturbed:
                runs = self.store.tables.runs[execution_id].values()
                assert all(run.status is not NodeStatus.RUNNING for run in runs), "somebody dead still holds a node run"

        deed = deeds.Resume(execution_id=execution_id)
        self.send(person, deed, lambda: resume(person.services, execution_id), then, fate)

    # what happens by itself

    def step(self, instance: Instance, fate: Fate) -> None:
        loop = instance.loop

        def then(_: float, error: MyceliumError | None) -> None:
            assert error is None

        self.send(loop.process, deeds.Control(), loop.control.step, then, fate)
        if fate.undisturbed and self._leads(loop):
            assert self.store.effects(instance=instance.name) == []
            assert self.store.overdue(instance.name, self.clock.now()) == []

    def _leads(self, loop: Loop) -> bool:
        lead = self.store.tables.leads.get(f"control:{loop.process.instance}")
        return bool(lead and lead.holder == loop.process.name)

    def perform(self, execution_id: str) -> None:
        """Somebody else performs what is left to be done."""
        person = self._person(self.instance_of(execution_id))

        def then(performed: bool, error: MyceliumError | None) -> None:
            assert performed
            assert error is None

        self.send(person, deeds.Control(), lambda: perform(person.services, execution_id), then, Fate())

    def pass_time(self, seconds: float) -> None:
        """Whoever is at work shows it, also after a long time."""
        self.clock.advance(seconds)
        for worker in self.workers:
            if worker.claim and not worker.stopped:
                self.beat(worker.claim)

    def beat(self, claim: NodeRun) -> None:
        key = (claim.execution_id, claim.index)
        lease = Lease(execution_id=claim.execution_id, index=claim.index, epoch=claim.epoch, beat=0)
        answer = self.store.beat([lease])
        assert (key in answer) == self.books.live(claim)
        if key in answer:
            assert answer[key] == self.store.tables.executions[claim.execution_id].cancel_requested
            self.books.alive_at[claim.execution_id, claim.index, claim.epoch] = self.clock.monotonic()

    def end_instance(self, instance: Instance) -> None:
        """The whole process tree dies, and another one begins."""
        for errand in [each for each in self.paused if each.process.instance == instance.name]:
            errand.kill()
            self.paused.remove(errand)
        self.ghosts += [worker.claim for worker in instance.workers if worker.claim]
        self.dead_instances.add(instance.name)
        self.instances[self.instances.index(instance)] = self._instance()

    def orphans(self) -> list[str]:
        """Executions that nobody runs any more."""
        executions = self.store.tables.executions
        return [key for key in self.ids() if not executions[key].status.ended and not self.instance_of(key)]

    # the end

    def close(self) -> None:
        """End every process; nothing is asserted."""
        for errand in self.paused:
            with suppress(BaseException):
                errand.kill()
        self.paused.clear()

    def drain(self) -> None:
        """Let everything come to its end without any more trouble."""
        for errand in list(self.paused):
            self.go_on(errand, Fate())
        for execution_id in self.orphans():
            self.resume(execution_id, Fate())
        for worker in self.workers:
            worker.stopped = False
        for _ in range(400):
            if self._round():
                return
        raise AssertionError(f"it does not end: {[self._statuses(key) for key in self.ids()]}")

    def _round(self) -> bool:
        executions = self.store.tables.executions
        for instance in self.instances:
            self.step(instance, Fate())
        moved = False
        for worker in self.workers:
            if not worker.claim and self.ready_for(worker):
                self.claim(worker, Fate())
            if worker.claim:
                moved = True
                self.deliver(worker, Outcome(), Fate())
        for execution_id in self.ids():
            for run in list(self.store.tables.runs[execution_id].values()):
                if run.status is NodeStatus.WAITING:
                    moved = True
                    self.decide(execution_id, run.node, Fate(), approve=True)
        if moved:
            return False
        if all(execution.status.ended for execution in executions.values()):
            return all(self._leads(instance.loop) for instance in self.instances) or self.pass_time(31) is not None
        self.pass_time(31)
        return False

    def _statuses(self, execution_id: str) -> dict[str, str]:
        return {run.key: run.status.value for run in self.store.tables.runs[execution_id].values()}

    def check_ends(self) -> None:
        """All is over, and everybody knows."""
        for instance in self.instances:
            self.step(instance, Fate())
        for execution_id, execution in self.store.tables.executions.items():
            assert execution.status.ended
            if not self.instance_of(execution_id):
                continue  # it had ended when its instance died
            told = [event.event for event in self.world.events.published if event.execution_id == execution_id]
            assert ENDS[execution.status.value] in told or "publish" in self.lost
            if execution.result and execution.result != execution.base:
                assert self.git.branches[execution.result_branch or ""] == execution.result
        for held in [*self.spent, *self.ghosts]:
            assert not self.books.live(held)
            self.deliver_late(held, Outcome(), Fate())
        assert all(account.spent is not None for account in self.books.accounts.known.values())


def _key(claim: NodeRun) -> tuple[str, int, int]:
    return claim.execution_id, claim.index, claim.epoch


def claim_base(claim: NodeRun, store: WatchedStore) -> str:
    """The one commit that a merge node had nothing to add to."""
    base = claim.heads[0] if claim.heads else store.tables.executions[claim.execution_id].base
    assert base
    return base


def _claimant(process: Process, *, draining: bool = False) -> Claimant:
    signals = FakeStopSignals()
    if draining:
        signals.drain()
    return Claimant(name=process.name, labels=process.labels, signals=signals)


def _no_error(_: object, error: MyceliumError | None) -> None:
    assert error is None, error
