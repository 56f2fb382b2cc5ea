"""Starting a supervisor ahead of time: what its children need takes it long to import, and starts nothing yet."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

PROGRAM = (
    "import sys, json, gc; gc.disable(); sys.path[:] = json.loads(sys.argv[1]); "
    "from orchestrator.queue.supervisor import main; sys.exit(main())"
)
"""Nothing that is imported goes away again, so looking for garbage in between is a waste; the pool turns it on."""

MODULES = ("redis", "rq", "orchestrator.queue.worker", "orchestrator.queue.loop")


class Supervisor:
    """A supervisor's process, as its parent has it: one line to it, which ends with us, and one for its answers."""

    def __init__(self, modules: Sequence[str]) -> None:
        """Start it, and have it import `modules`; it does nothing else before `begin`."""
        self._line, orders = socket.socketpair()
        answers, answering = os.pipe()
        # A Ctrl-C that comes before it can ignore those waits until it does.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process = subprocess.Popen(
                # The same modules as here, and none from the working directory, which is somebody's repository.
                [sys.executable, "-P", "-c", PROGRAM, json.dumps([path for path in sys.path if path])],
                stdin=orders.fileno(),
                stdout=answering,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            orders.close()
            os.close(answering)
        self._answers = os.fdopen(answers)
        self._send(json.dumps([*MODULES, *modules]).encode() + b"\n")

    def begin(self, plan: Mapping[str, Any], keep: Sequence[int]) -> None:
        """Have it carry out the plan. It and its children keep the open files behind the descriptors `keep`."""
        with suppress(OSError):
            socket.send_fds(self._line, [b"+"], keep)
        self._send(json.dumps(plan).encode() + b"\n")

    def heard(self) -> dict[str, Any]:
        """What it says next; empty where it, and all that it started, ended without a word."""
        answer: dict[str, Any] = json.loads(self._answers.readline() or "{}")
        return answer

    def wait(self, seconds: float) -> None:
        """Wait until it and all that it has forked are gone, at most so long."""
        # They share the other end of its answers. `Popen.wait` would look every twentieth of a second.
        deadline = time.monotonic() + seconds
        while select.select([self._answers], [], [], max(0.0, deadline - time.monotonic()))[0]:
            if not os.read(self._answers.fileno(), 4096):
                return

    def close(self) -> None:
        """Kill it where it has not ended, and let go of its lines."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._answers.close()
        self._line.close()

    def _send(self, message: bytes) -> None:
        # Where it is gone already, its silence tells.
        with suppress(OSError):
            self._line.sendall(message)


@contextmanager
def launched(modules: Sequence[str]) -> Generator[Supervisor]:
    """A supervisor for a tree that may follow; it is gone after the block, whether there was one or not."""
    supervisor = Supervisor(modules)
    try:
        yield supervisor
    finally:
        supervisor.close()
