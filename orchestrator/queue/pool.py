"""A pool of forked processes, each kept up for as long as the pool is.

RQ's own WorkerPool will not do: it starts a scheduler with every worker, never backs off, looks once a second, and
lets its workers live on when it is killed. Forking is what makes a worker cheap (a few milliseconds, and the modules
are shared), and it is safe only from a process with one thread and no connection. So whoever owns a pool does nothing
else; see `supervisor`.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orchestrator.errors import MyceliumError, SetupError
from orchestrator.queue import mortal

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 10.0
STEADY_SECONDS = 10.0
TERMINATE_SECONDS = 28.0
LONGEST_WORDS = 400
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP, mortal.HURRY)

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """Something one process does for as long as the pool is up."""

    name: str
    run: Callable[[], None]


@dataclass(kw_only=True, slots=True)
class Member:
    """A role and the process that has it now (`pid` 0: none; then `due` says when it gets one)."""

    role: Role
    pid: int = 0
    started: float = 0.0
    pause: float = 0.0
    due: float = field(default=0.0)


class Pool:
    """Forks one process for each role and starts another when one ends, later and later when it keeps ending.

    A role that ended with a `SetupError` would only end so again: the owner hears of it instead.
    """

    def __init__(self, roles: Sequence[Role]) -> None:
        self._members = [Member(role=role) for role in roles]
        self._owner = os.getpid()
        self._death_pipe = os.pipe()
        self._hearing, self._telling = os.pipe()
        os.set_blocking(self._hearing, False)

    def start(self) -> None:
        # What is alive now is shared with every child for good: keep the collector from writing to those pages.
        gc.freeze()
        gc.enable()
        self.tend()

    def tend(self) -> float | None:
        """Reap who has ended and start who is due; seconds until somebody is due, None when all are up.

        `SetupError` where one ended with it.
        """
        now = time.monotonic()
        for member in self._members:
            if member.pid and _ended(member.pid):
                self._mourn(member, now)
        self._raise_failure()
        for member in self._members:
            if not member.pid and member.due <= now:
                member.pid, member.started = self._fork(member.role), now
        waiting = [member.due - now for member in self._members if not member.pid]
        return max(0.0, min(waiting)) if waiting else None

    def pids(self) -> dict[str, int]:
        return {member.role.name: member.pid for member in self._members if member.pid}

    def stop(self, *, hurry: bool = False, grace: float = TERMINATE_SECONDS) -> None:
        """SIGTERM (or `HURRY`) to all, SIGKILL to whoever is left after `grace` seconds; all are reaped afterwards."""
        self._signal(mortal.HURRY if hurry else signal.SIGTERM)
        deadline = time.monotonic() + grace
        pause = 0.002
        while self._reap() and time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to all, and reap them."""
        self._signal(signal.SIGKILL)
        for member in self._members:
            if member.pid:
                os.waitpid(member.pid, 0)
                member.pid = 0

    def _mourn(self, member: Member, now: float) -> None:
        steady = now - member.started > STEADY_SECONDS
        member.pause = FIRST_PAUSE if steady or not member.pause else min(member.pause * 2, LONGEST_PAUSE)
        member.pid, member.due = 0, now + member.pause
        log.info("%s ended; the next one starts in %.2f s", member.role.name, member.pause)

    def _raise_failure(self) -> None:
        try:
            told = os.read(self._hearing, select.PIPE_BUF)
        except BlockingIOError:
            return
        raise SetupError(**json.loads(told.splitlines()[0]))

    def _tell(self, error: SetupError) -> None:
        """In the child. Short enough to be written in one piece, and cut where it is not."""
        words = {"message": error.message[:LONGEST_WORDS], "hint": error.hint and error.hint[:LONGEST_WORDS]}
        os.write(self._telling, json.dumps(words, ensure_ascii=False).encode(errors="replace") + b"\n")

    def _reap(self) -> int:
        for member in self._members:
            if member.pid and _ended(member.pid):
                member.pid = 0
        return sum(1 for member in self._members if member.pid)

    def _signal(self, number: signal.Signals) -> None:
        # Not reaped yet, so the id still belongs to our child.
        for member in self._members:
            if member.pid:
                os.kill(member.pid, number)

    def _fork(self, role: Role) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        # Until the child has handlers of its own, a signal meant for it would run, and be lost in, the parent's.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            pid = os.fork()
            if pid == 0:
                self._become(role)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return pid

    def _become(self, role: Role) -> None:
        """The child's whole life; never returns."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            os.close(self._death_pipe[1])
            # Standard input is the owner's line to whoever asked for it.
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            mortal.die_with_parent(self._owner, self._death_pipe[0])
            role.run()
            code = 0
        except SetupError as error:
            self._tell(error)
        except MyceliumError as error:
            log.warning("%s: %s", role.name, error)
        except BaseException:
            log.exception("%s ended with an error", role.name)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            # Not `sys.exit`: the exit handlers are those of the parent.
            os._exit(code)


def _ended(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] == pid
