"""A guard that is killed right before it is asked to end its program: what was started is looked for all the same."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from orchestrator.runners import supervise as supervision
from orchestrator.runners.guard_link import GuardLink
from orchestrator.runners.process import Command, GuardedProcess
from orchestrator.runners.supervise import Cause, Limits, supervise
from tests.fakes.running import pipe_control


class Killing:
    """Has the guard end in the moment before it is asked to stop; `is_lost` once that was noticed."""

    def __init__(self, guard: socket.socket) -> None:
        self._guard = guard
        self.is_lost = False

    def started(self, pid: int, start_time: int) -> None: ...

    def line(self, text: str, stream: str) -> None: ...

    def tick(self) -> None: ...

    def lost(self) -> None:
        self.is_lost = True

    def enough(self) -> bool:
        self._guard.close()
        return True


def test_a_guard_that_is_gone_when_it_is_asked_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    out, said = os.pipe()
    err, complained = os.pipe()
    os.write(said, b"a line that wakes us\n")

    def started(_command: Command) -> GuardedProcess:
        return GuardedProcess(GuardLink(socket=ours), 1, os.fdopen(out, "rb", 0), os.fdopen(err, "rb", 0))

    monkeypatch.setattr(supervision, "start", started)
    monkeypatch.setattr(supervision, "DRAIN_SECONDS", 0.0)
    listener = Killing(theirs)
    command = Command(argv=["/nothing"], env={}, cwd=tmp_path)
    with pipe_control() as control:
        ended = supervise(command, Limits(timeout_seconds=60.0), listener, control)
    os.close(said)
    os.close(complained)
    assert (ended.cause, listener.is_lost) == (Cause.LOST, True)
