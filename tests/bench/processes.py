"""How much memory the processes of a tree have, by the part they play."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import psutil  # type: ignore[import-untyped]

PROGRAM = "orchestrator.cli"
SUPERVISOR = "orchestrator.queue.supervisor"
SERVERS = ("valkey-server", "redis-server")
MB = 1_000_000


def memory(roots: Sequence[psutil.Process]) -> dict[str, Any]:
    """Resident (RSS) and proportional (PSS) megabytes of `roots` and of every role below them, nodes left out.

    PSS divides what processes share among them, so that sums are true; it is None where the system does not tell.
    """
    roles: dict[str, list[Any]] = defaultdict(list)
    for root in roots:
        for role, process in _members(root):
            with suppress(psutil.NoSuchProcess):
                roles[role].append(process.memory_full_info())
    rows = [{"role": role, "processes": len(each), **_sums(each)} for role, each in roles.items()]
    return {"roles": rows, **_sums([info for each in roles.values() for info in each])}


def _members(root: psutil.Process) -> Iterator[tuple[str, psutil.Process]]:
    words = root.cmdline()
    verb = words[words.index(PROGRAM) + 1] if PROGRAM in words else ""
    if verb in ("worker", "scheduler"):  # its own supervisor
        yield from _tree(root, control=verb != "worker")
        return
    yield (f"mycelium {verb}" if verb else root.name()), root
    for child in root.children():
        if SUPERVISOR in " ".join(child.cmdline()):
            yield from _tree(child, control=verb != "worker")


def _tree(supervisor: psutil.Process, *, control: bool) -> Iterator[tuple[str, psutil.Process]]:
    """Workers and control loop are forks of the supervisor, and look like it; the control loop is forked first."""
    yield "supervisor", supervisor
    children = sorted(supervisor.children(), key=lambda child: (child.create_time(), child.pid))
    forks = [child for child in children if child.name() not in SERVERS]
    yield from ((child.name(), child) for child in children if child.name() in SERVERS)
    for place, fork in enumerate(forks):
        yield ("control loop" if control and place == 0 else "worker"), fork
        # Of the programs below a worker only the guard of nodes is ours.
        yield from (("guard", child) for child in fork.children() if "guards.nursery" in " ".join(child.cmdline()))


def _sums(infos: Sequence[Any]) -> dict[str, float | None]:
    pss = [getattr(info, "pss", None) for info in infos]
    return {
        "rss_mb": sum(info.rss for info in infos) / MB,
        "pss_mb": None if None in pss else sum(each for each in pss if each is not None) / MB,
    }
