"""A program that leaves what nobody wants left, run as an agent is, and the search for what is left of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from orchestrator.runners.process import Command
from orchestrator.runners.supervise import Ended, Limits, supervise
from tests.fakes.running import PipeControl, pipe_control

DAEMON = """
import os, signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
mark = sys.argv[1]

def daemon():
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.setsid()
        if os.fork() == 0:
            os.dup2(write, 3)
            os.execve("/bin/sh", ["sh", "-c", "echo x >&3; while :; do sleep 0.5; done", mark], {})
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    os.read(read, 1)
    os.close(read)
"""
"""Python that defines `daemon`, which starts a process that is forked twice, in a session of its own, without an
environment, and deaf to what is polite, as the program itself is."""

READY = "daemon(); print('ready', flush=True); time.sleep(1000)"
"""A program that has started a daemon, and goes on."""
STEPS = (("SIGINT", 0.2), ("SIGTERM", 0.2), ("SIGKILL", 0.0))


class Heard:
    """Listens to a program, and lets a test act when it says something."""

    def __init__(self, on_line: Callable[[Heard], object]) -> None:
        self.lines: list[str] = []
        self.pid = self.start_time = 0
        self.is_lost = False
        self._on_line = on_line

    @property
    def guard(self) -> int:
        """The process above the program."""
        return psutil.Process(self.pid).ppid()

    def started(self, pid: int, start_time: int) -> None:
        self.pid, self.start_time = pid, start_time

    def line(self, text: str, stream: str) -> None:
        self.lines.append(text)
        self._on_line(self)

    def lost(self) -> None:
        self.is_lost = True

    def tick(self) -> None:
        """Nothing to do."""

    def enough(self) -> bool:
        return False


OnLine = Callable[[Heard, PipeControl], object]


def nothing(_heard: Heard, _control: PipeControl) -> None:
    """Let the program speak."""


class Contained:
    """Runs programs in a folder. A mark is in the name of all that they leave, short enough to be shown whole."""

    def __init__(self, folder: Path) -> None:
        self.mark = f"left-{uuid4().hex[:12]}"
        self._folder = folder

    def command(self, script: str, **changes: Any) -> Command:
        argv = [sys.executable, "-I", "-S", "-c", DAEMON + script, self.mark]
        env = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        given = {"argv": argv, "env": env, "cwd": self._folder, "steps": STEPS, "contained": True}
        return Command(**{**given, **changes})

    def run(self, script: str, on_line: OnLine = nothing, **changes: Any) -> tuple[Ended, Heard]:
        """Run a script to its end. `on_line` is given what was said, and the control."""
        limits = Limits(timeout_seconds=changes.pop("timeout_seconds", 120.0), idle_seconds=changes.pop("idle", None))
        with pipe_control() as control:
            heard = Heard(lambda said: on_line(said, control))
            return supervise(self.command(script, **changes), limits, heard, control), heard

    def alive(self) -> list[str]:
        """The names of what is left."""
        return sorted(" ".join(words) for words in _commands() if any(self.mark in word for word in words))


def _commands() -> Iterable[list[str]]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE:
                yield process.cmdline()
