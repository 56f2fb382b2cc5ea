"""Processes that die with the one that started them, and that let nobody look inside."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable

HURRY = signal.SIGUSR1
"""To a worker, control loop or supervisor: as SIGTERM, without waiting for the nodes at work."""

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
KERNEL_WATCHES = sys.platform == "linux"

_prctl = ctypes.CDLL(None, use_errno=True).prctl if KERNEL_WATCHES else None


def die_with_parent(parent: int, death_pipe: int) -> None:
    """Called in a forked child: SIGKILL as soon as the process `parent` is gone, however it went.

    On Linux the kernel sees to it. Elsewhere a thread waits for the end of `death_pipe`, whose other end only the
    parent holds.
    """
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_await_end, args=(death_pipe,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def before_exec(parent: int) -> Callable[[], None]:
    """What `subprocess` should call between fork and exec so that the program dies with `parent` (Linux)."""

    def arrange() -> None:
        if _prctl is not None:
            _prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def close_to_others() -> None:
    """Keep other processes of the same user out of this one's memory and environment, where secrets are (Linux)."""
    if _prctl is not None:
        _prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _await_end(death_pipe: int) -> None:
    while os.read(death_pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
