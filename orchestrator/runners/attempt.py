"""The processes of an attempt, and how they are found when nobody holds them any more.

A guard ends what it started when its worker is gone. This is for what is left when the guard itself was killed.
"""

from __future__ import annotations

from collections.abc import Callable

import psutil  # type: ignore[import-untyped]  # no stubs in the package

from orchestrator.lifecycle.ports.runner import Task
from orchestrator.runners.environment import MARKER, marker, markers
from orchestrator.runners.guards.process_table import start_time

_WAIT_SECONDS = 5.0


class Processes:
    """What one attempt started: its main process, and all that carry its mark in their environment."""

    def __init__(self, task: Task) -> None:
        self._marker = marker(task)
        self._pid = self._started = 0

    def started(self, pid: int, start_time: int) -> None:
        """The main process, and when it began in clock ticks since boot: numbers are used again."""
        self._pid, self._started = pid, start_time

    def reap(self) -> int:
        """Kill what is still alive; how many processes that were. Safe to repeat."""
        return _kill_all(self._belongs)

    def _belongs(self, process: psutil.Process) -> bool:
        if process.pid == self._pid:
            return start_time(process.pid) == self._started
        return bool(process.environ().get(MARKER) == self._marker)


def reap_earlier(task: Task) -> int:
    """Kill what earlier claims of the same node run left on this machine; how many processes that were."""
    if task.epoch <= 1:
        return 0
    earlier = frozenset(markers(task))
    return _kill_all(lambda process: process.environ().get(MARKER) in earlier)


def _kill_all(belongs: Callable[[psutil.Process], bool]) -> int:
    found = [process for process in psutil.process_iter() if _is_ours(process, belongs)]
    family = {member for process in found for member in (process, *_descendants(process))}
    for process in family:
        _kill(process)
    psutil.wait_procs(family, timeout=_WAIT_SECONDS)
    return len(family)


def _is_ours(process: psutil.Process, belongs: Callable[[psutil.Process], bool]) -> bool:
    try:
        # A zombie is dead already, and only its parent can remove it.
        return belongs(process) and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:
        return
