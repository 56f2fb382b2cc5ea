"""The record of an attempt's processes, for whoever claims the node run after its worker was lost."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # no stubs in the package

from orchestrator.lifecycle.ports.runner import Task
from orchestrator.runners.environment import MARKER, marker
from orchestrator.runners.guard import start_time

RECORD = "attempt.json"
_WAIT_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """`pid` leads the process group; `start_time` is in clock ticks since the boot that `boot_id` names."""

    pid: int
    start_time: int
    boot_id: str
    marker: str


def record(task: Task, pid: int = 0, started: int = 0) -> None:
    """Write the record into the task's scratch folder; before the start there is no pid, only the marker."""
    attempt = Attempt(pid=pid, start_time=started, boot_id=boot_id(), marker=marker(task))
    (task.scratch / RECORD).write_text(json.dumps(asdict(attempt)))


def reap(scratch: Path) -> int:
    """Kill what is still alive of the attempt that used this scratch folder; how many processes that were.

    Safe to repeat. A record of another boot, a broken one or none at all means that there is nothing to kill.
    """
    attempt = _read(scratch / RECORD)
    if attempt is None or attempt.boot_id != boot_id():
        return 0
    found = [process for process in psutil.process_iter() if _belongs(process, attempt)]
    family = {member for process in found for member in (process, *_descendants(process))}
    for process in family:
        _kill(process)
    psutil.wait_procs(family, timeout=_WAIT_SECONDS)
    return len(family)


def boot_id() -> str:
    """Names the present boot of this machine."""
    kernel = Path("/proc/sys/kernel/random/boot_id")
    return kernel.read_text(encoding="ascii").strip() if kernel.exists() else str(int(psutil.boot_time()))


def _read(path: Path) -> Attempt | None:
    try:
        return Attempt(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _belongs(process: psutil.Process, attempt: Attempt) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False  # dead already, and only its parent can remove it
        if process.pid == attempt.pid:
            return start_time(process.pid) == attempt.start_time
        return bool(process.environ().get(MARKER) == attempt.marker)
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
