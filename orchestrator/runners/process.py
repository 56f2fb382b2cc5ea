"""Starts a program under a guard and tells what the guard says about it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import psutil  # type: ignore[import-untyped]  # no stubs in the package

from orchestrator.runners.guard_link import GuardLink
from orchestrator.runners.guard_pool import Containment, GuardPool
from orchestrator.runners.guards.cgroup import Cgroup
from orchestrator.runners.guards.way import Way

STEPS: tuple[tuple[str, float], ...] = (("SIGINT", 3.0), ("SIGTERM", 2.0), ("SIGKILL", 0.0))
_WAIT_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A program to run: `argv[0]` is a path, `env` all of its environment, `stdin` a file or nothing at all.

    What is `contained` is held together in the best way that the machine allows, and sees no process but its own where
    that is a PID namespace. It costs some milliseconds, and as a plain user such a program cannot become another one.
    What not `may_gain` rights gets none from the files that it executes (Linux): `sudo` and its like refuse to run.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    stdin: Path | None = None
    steps: tuple[tuple[str, float], ...] = STEPS
    contained: bool = False
    may_gain: bool = True

    def request(self, number: int) -> bytes:
        """As the guard reads it."""
        words = {"run": number, "argv": list(self.argv), "env": dict(self.env), "cwd": str(self.cwd)}
        return json.dumps({**words, "steps": self.steps, "may_gain": self.may_gain}).encode() + b"\n"


class GuardedProcess:
    """A program, its two output pipes, and the link to its guard; all three are for a selector to watch."""

    def __init__(self, guard: GuardLink, number: int, stdout: BinaryIO, stderr: BinaryIO) -> None:
        self.link = guard.socket
        self.stdout = stdout
        self.stderr = stderr
        self.pid = 0
        self.start_time = 0
        self.failed = ""
        self.exit_code: int | None = None
        self.left: tuple[str, ...] = ()
        self.ended = False
        self.deserted = False
        self.contained_by = guard.way
        self._guard = guard
        self._number = number
        self._buffer = b""

    def listen(self) -> None:
        """Take in what the guard has to say; call it when `link` is readable."""
        chunk, about = self._guard.heard()
        if not chunk:
            self.deserted = not self.ended
            self.ended = True
            if self.deserted:
                self._see_it_end()
            return
        *lines, self._buffer = (self._buffer + chunk).split(b"\n")
        for line in lines:
            self._hear(json.loads(line), about)

    def _see_it_end(self) -> None:
        """The guard was killed. The nursery sees to the rest before we hear so, unless it was killed too."""
        if self._guard.pid:
            with suppress(psutil.Error):
                psutil.Process(self._guard.pid).wait(_WAIT_SECONDS)
        if self._guard.cgroup:
            Cgroup(self._guard.cgroup).end(_WAIT_SECONDS)

    def _hear(self, message: Mapping[str, Any], about: int) -> None:
        if "started" in message:
            inside = self._guard.way is Way.PID_NAMESPACE
            self.pid, self.start_time = about if inside else message["started"], message["start_time"]
        if "failed" in message:
            self.failed = message["failed"]
        if "exited" in message:
            self.exit_code = os.waitstatus_to_exitcode(message["exited"])
        if "ended" in message:
            self.left = tuple(message["ended"])
            self.ended = True

    def stop(self) -> None:
        """Ask the guard to end the whole tree, step by step. Of one that is gone already `listen` hears."""
        with suppress(ConnectionError):
            self.link.sendall(json.dumps({"stop": self._number}).encode() + b"\n")

    def close(self) -> None:
        """Let go; a guard that is still at work kills the tree at once, one that is not serves the next program."""
        self.stdout.close()
        self.stderr.close()
        if self.ended and not self.deserted:
            _GUARDS.give_back(self._guard)
        else:
            _GUARDS.forget(self._guard)


_GUARDS = GuardPool()


def warm_up() -> None:
    """Have a guard ready, so that the first program need not wait for one."""
    _GUARDS.warm_up()


def containment() -> Containment:
    """How this machine contains programs, found out by doing it."""
    return _GUARDS.containment()


def start(command: Command) -> GuardedProcess:
    """Start the program in its own session, with a guard above it.

    A program that cannot be executed shows in `failed`, not here.
    """
    out, out_in = os.pipe()
    err, err_in = os.pipe()
    stdin = -1
    try:
        stdin = os.open(command.stdin or os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        number = _GUARDS.number()
        guard = _GUARDS.run(command.request(number), (stdin, out_in, err_in), contained=command.contained)
    except BaseException:
        os.close(out)
        os.close(err)
        raise
    finally:
        for fd in (out_in, err_in, stdin):
            if fd >= 0:
                os.close(fd)
    return GuardedProcess(guard, number, os.fdopen(out, "rb", buffering=0), os.fdopen(err, "rb", buffering=0))
