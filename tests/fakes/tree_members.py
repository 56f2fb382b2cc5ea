"""Who is who in a process tree of `mycelium run`, told by what the kernel knows of its processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass

import psutil

from orchestrator.queue.server import PROGRAMS


@dataclass(frozen=True, kw_only=True, slots=True)
class Members:
    """The processes of a tree. `control` is the supervisor's first child: what starts after it was killed is not."""

    command: int
    supervisor: int
    server: int
    control: int
    workers: tuple[int, ...]

    @classmethod
    def of(cls, command: int) -> Members | None:
        """Those below a command; None as long as they are not complete."""
        for child in psutil.Process(command).children():
            below = sorted(_told(child), key=lambda told: (told[1], told[0]))
            servers = [pid for pid, _, name in below if name in PROGRAMS]
            forks = [pid for pid, _, name in below if name not in PROGRAMS]
            if servers and len(forks) > 1:
                return cls(
                    command=command, supervisor=child.pid, server=servers[0], control=forks[0], workers=tuple(forks[1:])
                )
        return None

    def other_children(self, known: Collection[int]) -> list[int]:
        """The supervisor's children beside the known ones."""
        return [pid for pid, _, _ in _told(psutil.Process(self.supervisor)) if pid not in known]


@dataclass(frozen=True, kw_only=True, slots=True)
class Above:
    """The processes between a node and the command that runs it."""

    guard: int
    nursery: int
    worker: int

    @classmethod
    def node(cls, pid: int) -> Above:
        guard, nursery, worker = psutil.Process(pid).parents()[:3]
        return cls(guard=guard.pid, nursery=nursery.pid, worker=worker.pid)


def everyone(command: int) -> list[psutil.Process]:
    """A command and all its descendants, parents first."""
    root = psutil.Process(command)
    return [root, *root.children(recursive=True)]


def everyone_above(node: int, command: int) -> list[psutil.Process]:
    """A command and its descendants without a node and what the node has started, which may end at any moment."""
    found = []
    for process in everyone(command):
        with suppress(psutil.NoSuchProcess):
            if node not in (process.pid, process.ppid()):
                found.append(process)
    return found


def kill_together(processes: Iterable[psutil.Process]) -> None:
    """SIGKILL to all, none of which can do anything in between: they are stopped first."""
    doomed = list(processes)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for process in doomed:
            with suppress(ProcessLookupError):
                os.kill(process.pid, number)


def _told(process: psutil.Process) -> list[tuple[int, float, str]]:
    found = []
    for child in process.children():
        with suppress(psutil.NoSuchProcess):
            found.append((child.pid, child.create_time(), child.name()))
    return found
