"""Starts a program under a guard and tells what the guard says about it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from orchestrator.errors import SetupError

STEPS: tuple[tuple[str, float], ...] = (("SIGINT", 3.0), ("SIGTERM", 2.0), ("SIGKILL", 0.0))
_GUARD = Path(__file__).with_name("guard.py")


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A program to run: `argv[0]` is a path, `env` all of its environment, `stdin` a file or nothing at all."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    stdin: Path | None = None
    steps: tuple[tuple[str, float], ...] = STEPS

    def request(self) -> bytes:
        return (
            json.dumps(
                {"argv": list(self.argv), "env": dict(self.env), "cwd": str(self.cwd), "steps": self.steps}
            ).encode()
            + b"\n"
        )


class GuardedProcess:
    """A program, its two output pipes, and the link to its guard; all three are for a selector to watch."""

    def __init__(self, link: socket.socket, stdout: BinaryIO, stderr: BinaryIO) -> None:
        self.link = link
        self.stdout = stdout
        self.stderr = stderr
        self.pid = 0
        self.start_time = 0
        self.failed = ""
        self.exit_code: int | None = None
        self.left: tuple[str, ...] = ()
        self.ended = False
        self.deserted = False
        self._buffer = b""

    def listen(self) -> None:
        """Take in what the guard has to say; call it when `link` is readable."""
        try:
            chunk = self.link.recv(65536)
        except ConnectionError:
            chunk = b""
        if not chunk:
            self.deserted = not self.ended
            self.ended = True
            return
        *lines, self._buffer = (self._buffer + chunk).split(b"\n")
        for line in lines:
            self._hear(json.loads(line))

    def _hear(self, message: Mapping[str, object]) -> None:
        match message:
            case {"started": int(pid), "start_time": int(start_time)}:
                self.pid, self.start_time = pid, start_time
            case {"failed": str(reason)}:
                self.failed = reason
            case {"exited": int(status)}:
                self.exit_code = os.waitstatus_to_exitcode(status)
            case {"ended": [*left]}:
                self.left = tuple(str(text) for text in left)
                self.ended = True

    def stop(self) -> None:
        """Ask the guard to end the whole tree, step by step."""
        try:
            self.link.sendall(b"stop\n")
        except ConnectionError:
            self.deserted = self.ended = True

    def close(self) -> None:
        """Let go; a guard that is still at work kills the tree at once."""
        _NURSERY.forget(self.link)
        for end in (self.link, self.stdout, self.stderr):
            end.close()


class _Nursery:
    """The worker's one connection to the script that forks guards; started with the first node, lost with the worker.

    A fork of the worker must not keep the links open, or its guards would not notice that the worker is gone.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._link: socket.socket | None = None
        self._script: subprocess.Popen[bytes] | None = None
        self._links: set[socket.socket] = set()
        os.register_at_fork(after_in_child=self._after_fork)

    def guard(self, streams: Sequence[int]) -> socket.socket:
        """The link to a fresh guard that holds these descriptors as its node's stdin, stdout and stderr."""
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            fds = [theirs.fileno(), *streams]
            try:
                socket.send_fds(self._connected(), [b"+"], fds)
            except OSError:
                self._drop()
                socket.send_fds(self._connected(), [b"+"], fds)
            self._links.add(ours)
        return ours

    def forget(self, link: socket.socket) -> None:
        self._links.discard(link)

    def _connected(self) -> socket.socket:
        if self._link is None:
            ours, theirs = socket.socketpair()
            with theirs:
                self._script = _start_script(theirs.fileno())
            self._link = ours
        return self._link

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
        if self._script is not None:
            self._script.wait()
        self._link = self._script = None

    def _after_fork(self) -> None:
        for link in (self._link, *self._links):
            if link is not None:
                link.close()
        if self._script is not None:
            self._script.returncode = 0
        self._lock = threading.Lock()
        self._link = self._script = None
        self._links = set()


def _start_script(fd: int) -> subprocess.Popen[bytes]:
    """Isolated and without site: nothing of the repository or the user is imported, and no secret is in sight."""
    argv = [sys.executable, "-I", "-S", str(_GUARD), str(fd)]
    try:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, pass_fds=(fd,), env=_guard_environment(), cwd="/", start_new_session=True
        )
    except OSError as error:
        raise SetupError(f"cannot start the guard of node processes: {error}") from error


def _guard_environment() -> dict[str, str]:
    names = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in names if name in os.environ}


_NURSERY = _Nursery()


def start(command: Command) -> GuardedProcess:
    """Start the program in its own session, with a guard above it.

    Costs about a millisecond over a plain fork. A program that cannot be executed shows in `failed`, not here.
    """
    out, out_in = os.pipe()
    err, err_in = os.pipe()
    stdin = -1
    try:
        stdin = os.open(command.stdin or os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        link = _NURSERY.guard((stdin, out_in, err_in))
    except BaseException:
        os.close(out)
        os.close(err)
        raise
    finally:
        for fd in (out_in, err_in, stdin):
            if fd >= 0:
                os.close(fd)
    process = GuardedProcess(link, os.fdopen(out, "rb", buffering=0), os.fdopen(err, "rb", buffering=0))
    try:
        link.sendall(command.request())
    except ConnectionError:
        process.ended = process.deserted = True
    return process
