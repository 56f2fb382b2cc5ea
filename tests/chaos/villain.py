"""Who kills and stops processes at random, at a pace that lets work go on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress

import psutil

from tests.chaos.hurried import LEASE_SECONDS
from tests.chaos.scene import Scene
from tests.fakes.checkout import eventually
from tests.fakes.evidence import Entry, ledger
from tests.fakes.tree_members import everyone, kill_together

PACE_SECONDS = (2.0, 6.0)
OUTAGE_SECONDS = (0.1, 3.0)


class Villain:
    """Does one evil deed after the other; `done` counts those that hit somebody, by kind."""

    def __init__(self, scene: Scene, chance: random.Random, runs: Callable[[], list[subprocess.Popen[bytes]]]) -> None:
        self.done: Counter[str] = Counter()
        self._scene = scene
        self._chance = chance
        self._runs = runs
        self._stopped: list[tuple[psutil.Process, float]] = []
        self._next = time.monotonic() + PACE_SECONDS[1]

    def act(self) -> None:
        """Let go of who has been stopped long enough, and do the next deed when it is due."""
        now = time.monotonic()
        for process, due in [each for each in self._stopped if each[1] <= now]:
            _signal(process, signal.SIGCONT)
            self._stopped.remove((process, due))
        if now >= self._next and not self._scene.down:
            self._next = now + self._chance.uniform(*PACE_SECONDS)
            kind = self._chance.choices(list(self._deeds), [weight for weight, _ in self._deeds.values()])[0]
            with suppress(psutil.Error, ProcessLookupError):
                if self._deeds[kind][1](self):
                    self.done[kind] += 1
                    self._scene.note(kind)

    def relent(self) -> None:
        """Let everybody go."""
        for process, _ in self._stopped:
            _signal(process, signal.SIGCONT)
        self._stopped.clear()

    def _hit(self, processes: list[psutil.Process], number: signal.Signals) -> bool:
        return bool(processes) and _signal(self._chance.choice(processes), number)

    def _stop(self, processes: list[psutil.Process]) -> bool:
        """Stop somebody for longer than leases last."""
        if not processes:
            return False
        victim = self._chance.choice(processes)
        self._stopped.append((victim, time.monotonic() + LEASE_SECONDS * self._chance.uniform(0.5, 2.0)))
        return _signal(victim, signal.SIGSTOP)

    def _workers(self) -> list[psutil.Process]:
        return [fork.process for fork in self._scene.forks("worker")]

    def _controls(self) -> list[psutil.Process]:
        return [fork.process for fork in self._scene.forks("control")]

    def _above_node(self) -> list[psutil.Process]:
        """The processes between a node at work and its worker."""
        workers = {process.pid for process in self._workers()}
        for entry in reversed(ledger(self._scene.folder)[-20:]):
            if above := _below(entry, workers):
                return above
        return []

    def _take_down(self, server: str, stop: Callable[[], object]) -> bool:
        stop()
        self._scene.down[server] = time.monotonic() + self._chance.uniform(*OUTAGE_SECONDS)
        return True

    def _kill_valkey(self) -> bool:
        valkey = self._scene.valkey

        def kill() -> None:
            os.kill(valkey.pid or 0, signal.SIGKILL)
            eventually(lambda: not valkey.alive(), "the end of Valkey")

        return valkey.alive() and self._take_down("valkey", kill)

    def _restart_postgres(self, number: signal.Signals) -> bool:
        postgres = self._scene.postgres
        return postgres is not None and self._take_down("postgresql", lambda: postgres.stop(number))

    def _kill_backend(self) -> bool:
        """Crash one connection's process: the server ends all others, recovers, and goes on."""
        if self._scene.postgres is None:
            return False
        # PostgreSQL names its processes: `postgres: <user> <database> <address> <state>`.
        backends = [process for process in psutil.process_iter(["cmdline"]) if _serves(process, self._scene.database)]
        return self._hit(backends, signal.SIGKILL)

    def _run_tree(self, deed: Callable[[psutil.Process], object]) -> bool:
        runs = [run for run in self._runs() if run.poll() is None]
        if not runs:
            return False
        deed(psutil.Process(self._chance.choice(runs).pid))
        return True

    def _kill_run(self) -> bool:
        return self._run_tree(lambda process: kill_together(everyone(process.pid)))

    def _signal_run(self, number: signal.Signals) -> bool:
        return self._run_tree(lambda process: process.send_signal(number))

    def _kill_supervisor_of_run(self) -> bool:
        return self._run_tree(lambda process: process.children()[0].kill() if process.children() else None)

    _deeds: Mapping[str, tuple[int, Callable[[Villain], bool]]] = {
        "worker killed": (5, lambda self: self._hit(self._workers(), signal.SIGKILL)),
        "worker terminated": (2, lambda self: self._hit(self._workers(), signal.SIGTERM)),
        "worker stopped": (3, lambda self: self._stop(self._workers())),
        "guard killed": (2, lambda self: self._hit(self._above_node(), signal.SIGKILL)),
        "control loop killed": (3, lambda self: self._hit(self._controls(), signal.SIGKILL)),
        "control loop stopped": (1, lambda self: self._stop(self._controls())),
        "supervisor killed": (1, lambda self: self._hit(self._scene.supervisors(), signal.SIGKILL)),
        "Valkey killed": (2, lambda self: self._kill_valkey()),
        "PostgreSQL crashed": (1, lambda self: self._restart_postgres(signal.SIGQUIT)),
        "PostgreSQL restarted": (1, lambda self: self._restart_postgres(signal.SIGINT)),
        "PostgreSQL backend killed": (1, lambda self: self._kill_backend()),
        "run killed with all its tree": (3, lambda self: self._kill_run()),
        "run killed": (1, lambda self: self._signal_run(signal.SIGKILL)),
        "run interrupted": (1, lambda self: self._signal_run(signal.SIGINT)),
        "supervisor of a run killed": (1, lambda self: self._kill_supervisor_of_run()),
    }


def _below(entry: Entry, workers: set[int]) -> list[psutil.Process]:
    with suppress(psutil.Error):
        parents = psutil.Process(entry.pid).parents()
        pids = [parent.pid for parent in parents]
        worker = next((place for place, pid in enumerate(pids) if pid in workers), 0)
        return parents[:worker]
    return []


def _serves(process: psutil.Process, database: str) -> bool:
    words = " ".join(process.info["cmdline"] or ()).split()
    return words[:1] == ["postgres:"] and database in words


def _signal(process: psutil.Process, number: signal.Signals) -> bool:
    try:
        process.send_signal(number)
    except psutil.Error:
        return False
    return True
