"""Words for tests that start and kill real processes."""

from __future__ import annotations

from collections.abc import Callable

import psutil

from orchestrator.queue.tree import ProcessTree

Eventually = Callable[[Callable[[], object]], object]
Plant = Callable[..., ProcessTree]


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has reaped yet counts."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
