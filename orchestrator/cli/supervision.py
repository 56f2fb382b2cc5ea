"""Holding a process tree in the foreground until somebody ends the command."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from concurrent.futures import ProcessPoolExecutor

from orchestrator.errors import ExitCode
from orchestrator.queue.supervisor import Plan
from orchestrator.queue.tree import ProcessTree
from orchestrator.settings import Settings

LOOK_SECONDS = 1.0


def try_shared(settings: Settings) -> None:
    """Raise what is wrong with the shared database or Redis, so that it is told once, before anything is started.

    A process of its own tries them: what that takes to import would stay in this one's memory for good.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as trial:
        trial.submit(_try_shared, settings).result()


def until_stopped(plan: Plan) -> int:
    """Run the tree until SIGTERM or SIGINT, then drain it; the exit code. `SetupError` when it ended by itself."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with ProcessTree(plan) as tree:
        while not stopped.wait(LOOK_SECONDS):
            tree.check()
    return ExitCode.COMPLETED


def _try_shared(settings: Settings) -> None:
    from orchestrator import app

    with app.shared(settings):
        pass
