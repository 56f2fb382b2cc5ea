"""Holding a process tree in the foreground until somebody ends the command."""

from __future__ import annotations

import signal
import threading

from orchestrator.errors import ExitCode
from orchestrator.queue.supervisor import Plan
from orchestrator.queue.tree import ProcessTree

LOOK_SECONDS = 1.0


def until_stopped(plan: Plan) -> int:
    """Run the tree until SIGTERM or SIGINT, then drain it; the exit code. `SetupError` when it ended by itself."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with ProcessTree(plan) as tree:
        while not stopped.wait(LOOK_SECONDS):
            tree.check()
    return ExitCode.COMPLETED
