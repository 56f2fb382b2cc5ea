"""A soak: executions without end, and a villain among their processes; at the end nothing may be wrong."""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator import app
from orchestrator.cli.request import Wanted, request
from orchestrator.errors import Conflict, Unavailable
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, NodeStatus
from orchestrator.lifecycle.cancel import cancel
from orchestrator.lifecycle.decide import approve, reject
from orchestrator.lifecycle.rerun import rerun
from orchestrator.lifecycle.resume import owes
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.start import start
from orchestrator.queue.instance import dead
from tests.chaos.inquest import Case, violations
from tests.chaos.load import BY_COMMAND, KINDS, Kind
from tests.chaos.scene import Scene
from tests.chaos.villain import Villain
from tests.fakes.evidence import ledger, left_behind

AT_ONCE = 6
COMMANDS_AT_ONCE = 2
BY_COMMAND_CHANCE = 0.15
TICK_SECONDS = 0.25
DRAIN_SECONDS = 600.0
END_SECONDS = 60.0
GIT_LOCKS = frozenset({"HEAD.lock", "config.lock", "index.lock", "packed-refs.lock", "shallow.lock"})


@dataclass(frozen=True, kw_only=True)
class Options:
    """`minutes`, or a number of `kills`, says how long; the seed gives load and kills, not what meets what."""

    database: str
    seed: int
    folder: Path
    minutes: float = 0.0
    kills: int = 0


@dataclass(kw_only=True)
class Ticket:
    """One execution that was asked for, by a command of its own where there is a `command`."""

    number: int
    kind: Kind
    by_command: bool
    execution_id: str | None = None
    command: subprocess.Popen[bytes] | None = None
    reruns: int = 0


@dataclass(kw_only=True)
class Result:
    """What came of a soak."""

    executions: int = 0
    node_runs: int = 0
    lost: int = 0
    given_up: int = 0
    outages: int = 0
    resumed: int = 0
    seconds: float = 0.0
    scratch: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def line(self, number: int) -> str:
        return (
            f"{self.seconds / 60:5.1f} min: {self.executions} executions ended, {number} under way, "
            f"{self.node_runs} node runs, {self.lost} lost, {self.kills.total()} kills, "
            f"{len(self.violations)} violations"
        )


class Soak:
    """Single-threaded: everything is looked at again and again, and what is due is done."""

    def __init__(self, options: Options, say: Callable[[str], None]) -> None:
        self._options = options
        self._say = say
        self._chance = random.Random(options.seed)
        self._scene = Scene(options.folder, options.database)
        self._villain = Villain(self._scene, random.Random(options.seed + 1), self._commands)
        self._open: list[Ticket] = []
        self._tickets = 0
        self._began = time.monotonic()
        self._result = Result(kills=self._villain.done)

    def run(self) -> Result:
        """Load and kills, then the drain, then the inquest."""
        try:
            self._scene.tend()
            with app.shared(self._scene.settings) as services:
                self._load(services)
                self._drain(services)
                self._result.violations += self._afterwards(services)
        finally:
            self._villain.relent()
            self._end_all()
            self._scene.close()
        self._told()
        return self._result

    def _load(self, services: Services) -> None:
        minute = 0
        while not self._enough():
            self._scene.tend()
            self._villain.act()
            self._fill()
            self._look(services)
            if self._told() // 60 > minute:
                minute += 1
                self._say(self._result.line(len(self._open)))
            time.sleep(TICK_SECONDS)

    def _drain(self, services: Services) -> None:
        """Nobody is killed any more, so everything must come to its end."""
        self._scene.note(
            f"drain of {[(ticket.kind.name, ticket.number, ticket.execution_id) for ticket in self._open]}"
        )
        self._villain.relent()
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._open and time.monotonic() < deadline:
            self._scene.tend()
            self._look(services)
            time.sleep(TICK_SECONDS)
        self._scene.note("drained")
        for ticket in self._open:
            self._result.violations.append(f"{ticket.kind.name} {ticket.number} ({ticket.execution_id}) never ended")

    def _afterwards(self, services: Services) -> list[str]:
        """What is left when everything has been told to end."""
        found = self._scene.close_members()
        instances = {each.instance for each in _all(services)} - {app.SHARED_INSTANCE}
        deadline = time.monotonic() + END_SECONDS
        while (left := left_behind(self._scene.folder)) and time.monotonic() < deadline:
            time.sleep(TICK_SECONDS)
        found += [f"left behind: {process}" for process in left]
        home = self._scene.settings.home_dir
        found += [f"instance {id} is still held" for id in instances - dead(home, instances)]
        # Locks of git are files; ours are held by processes, and theirs stay.
        locks = [path for path in self._scene.folder.rglob("*.lock") if path.name in GIT_LOCKS or "refs" in path.parts]
        found += [f"left locked: {path}" for path in locks]
        self._result.scratch = len(list((self._scene.folder / "tmp").iterdir()))
        return found

    def _end_all(self) -> None:
        for process in [*self._commands(), *self._scene.members.values()]:
            if process.poll() is None:
                process.kill()
                process.wait()

    def _enough(self) -> bool:
        if self._options.kills:
            return self._villain.done.total() >= self._options.kills
        return time.monotonic() - self._began >= self._options.minutes * 60

    def _told(self) -> float:
        self._result.seconds = time.monotonic() - self._began
        return self._result.seconds

    def _commands(self) -> list[subprocess.Popen[bytes]]:
        return [ticket.command for ticket in self._open if ticket.command]

    def _fill(self) -> None:
        while len(self._open) < AT_ONCE:
            self._tickets += 1
            by_command = self._chance.random() < BY_COMMAND_CHANCE
            kind = self._chance.choice(BY_COMMAND if by_command else KINDS)
            by_command = by_command and len(self._commands()) < COMMANDS_AT_ONCE
            self._open.append(Ticket(number=self._tickets, kind=kind, by_command=by_command))

    def _look(self, services: Services) -> None:
        for ticket in list(self._open):
            with self._outages():
                if self._ended(services, ticket):
                    self._open.remove(ticket)

    @contextmanager
    def _outages(self) -> Iterator[None]:
        """What is out of reach now is looked at again; whether it was done then, the state tells."""
        try:
            yield
        except Unavailable:
            self._result.outages += 1

    def _ended(self, services: Services, ticket: Ticket) -> bool:
        ticket.execution_id = ticket.execution_id or self._found(services, ticket)
        if ticket.execution_id is None:
            self._begin(services, ticket)
            return False
        execution = services.store.execution(ticket.execution_id)
        if ticket.by_command and not self._carried(services, ticket, execution):
            return False
        runs = services.store.runs(execution.id)
        if not execution.status.ended:
            with suppress(Conflict):
                self._call(services, ticket, execution, runs)
            return False
        if owes(services, execution) and not ticket.by_command:
            return False
        # What was owed may have been paid since it was read, and told of in it.
        execution, runs = services.store.execution(execution.id), services.store.runs(execution.id)
        if self._runs_again(services, ticket, execution, runs):
            return False
        self._judge(services, ticket, execution, runs)
        return True

    def _found(self, services: Services, ticket: Ticket) -> str | None:
        """An execution of this ticket: whoever was to start it may have died right after."""
        for execution in services.store.executions(workflow_id=ticket.kind.name, limit=20):
            if execution.inputs.get("ticket") == str(ticket.number):
                return execution.id
        return None

    def _begin(self, services: Services, ticket: Ticket) -> None:
        word = f"ticket={ticket.number}"
        if not ticket.by_command:
            wanted = Wanted(workflow=ticket.kind.name, inputs=[word])
            start(services, request(self._scene.settings, services.git, wanted))
        elif ticket.command is None or ticket.command.poll() is not None:
            ticket.command = self._scene.command("run", ticket.kind.name, "--input", word, "--json")

    def _carried(self, services: Services, ticket: Ticket, execution: Execution) -> bool:
        """Whether nobody has to carry on with an execution of a command's; if need be, another command does."""
        if ticket.command and ticket.command.poll() is None:
            return False
        if execution.status.ended and not owes(services, execution):
            return True
        if dead(self._scene.settings.home_dir, [execution.instance]):
            self._result.resumed += 1
            ticket.command = self._scene.command("executions", "resume", execution.id, "--json")
        return False

    def _call(self, services: Services, ticket: Ticket, execution: Execution, runs: list[NodeRun]) -> None:
        statuses = {run.key: run.status for run in runs}
        match ticket.kind.calls:
            case "approve" if statuses["gate"] is NodeStatus.WAITING:
                approve(services, execution.id, "gate", "alice")
            case "reject" if statuses["gate"] is NodeStatus.WAITING:
                reject(services, execution.id, "gate", "alice")
            case "cancel" if statuses["long"] is NodeStatus.RUNNING:
                cancel(services, execution.id, "alice")

    def _runs_again(self, services: Services, ticket: Ticket, execution: Execution, runs: list[NodeRun]) -> bool:
        lost = [run for run in runs if run.error_code == "WORKER_LOST" and run.status is NodeStatus.FAILED]
        broken = ticket.kind.calls == "rerun" and execution.status is ExecutionStatus.FAILED
        if not lost and not broken:
            return False
        mended = self._scene.folder / f"mended-{ticket.number}"
        if broken and not lost and mended.exists() and ticket.reruns:
            return False
        self._result.given_up += bool(lost)
        mended.touch()
        ticket.reruns += 1
        if ticket.by_command:
            ticket.command = self._scene.command("executions", "rerun", execution.id, "--failed", "--json")
        else:
            with suppress(Conflict):
                rerun(services, execution.id, failed_only=True)
        return True

    def _judge(self, services: Services, ticket: Ticket, execution: Execution, runs: list[NodeRun]) -> None:
        mine = [entry for entry in ledger(self._scene.folder) if entry.execution == execution.id]
        case = Case(
            kind=ticket.kind,
            ticket=ticket.number,
            execution=execution,
            runs=runs,
            edges=services.store.edges(execution.id),
            entries=mine,
        )
        found = violations(services, self._scene.checkout, case)
        for each in found:
            self._say(f"VIOLATION {each}")
        self._result.violations += found
        self._scene.note(f"{ticket.kind.name} {ticket.number} {execution.id} {execution.status.value}")
        self._result.executions += 1
        self._result.node_runs += sum(run.status is not NodeStatus.SKIPPED for run in runs)
        self._result.lost += sum(run.lost for run in runs)


def _all(services: Services) -> list[Execution]:
    found: list[Execution] = []
    while page := services.store.executions(before=found[-1].id if found else None, limit=200):
        found += page
    return found
