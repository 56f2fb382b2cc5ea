"""What the system tells of processes: when they began, what they are called, who descends from whom."""

from __future__ import annotations

import os
import subprocess

from orchestrator.runners.guards.kernel import LINUX

_proc: int | None = None


def pin() -> None:
    """Read today's /proc from now on, whatever somebody with the right to do so mounts over it or takes away."""
    global _proc
    if not LINUX:
        return
    former, _proc = _proc, os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if former is not None:
        os.close(former)  # or root could walk through it out of a namespace


def start_time(pid: int) -> int:
    """Clock ticks between boot and the start of `pid` (proc(5), field 22 of stat); 0 where nobody can say."""
    try:
        return int(_read(f"{pid}/stat").rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def command_line(pid: int) -> str:
    """What `ps` would call the process, cut to what fits into a line."""
    try:
        return _read(f"{pid}/cmdline").replace(b"\0", b" ").decode("utf-8", "replace").strip()[:120]
    except OSError:
        return ""


def descendants(pid: int) -> list[int]:
    """All living descendants, parents first. A list that is out of date at once: repeat until it is empty."""
    found: list[int] = []
    table = None if LINUX else _ps()
    waiting = [pid]
    while waiting:
        below = children(waiting.pop()) if table is None else table.pop(waiting.pop(), [])
        found += below
        waiting += below
    return found


def children(pid: int) -> list[int]:
    """The kernel's own list, by thread; only what is there is read, however many processes the machine has."""
    found: list[int] = []
    try:
        for thread in _threads(pid):
            found += [int(child) for child in _read(f"{pid}/task/{thread}/children", whole=True).split()]
    except OSError:
        return found
    return found


def _threads(pid: int) -> list[str]:
    handle = _open(f"{pid}/task")
    try:
        return os.listdir(handle)  # noqa: PTH208 - importing pathlib is slow
    finally:
        os.close(handle)


def _read(name: str, *, whole: bool = False) -> bytes:
    handle = _open(name)
    try:
        read = chunk = os.read(handle, 4096)
        while whole and chunk:
            read += (chunk := os.read(handle, 65536))
        return read
    finally:
        os.close(handle)


def _open(name: str) -> int:
    path = f"/proc/{name}" if _proc is None else name
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=_proc)


def _ps() -> dict[int, list[int]]:
    table: dict[int, list[int]] = {}
    listing = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=False)
    for line in listing.stdout.splitlines():
        pid, parent = (int(word) for word in line.split())
        table.setdefault(parent, []).append(pid)
    return table
