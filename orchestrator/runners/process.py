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
from typing import Any, BinaryIO

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

    def request(self, number: int) -> bytes:
        """As the guard reads it."""
        words = {"run": number, "argv": list(self.argv), "env": dict(self.env), "cwd": str(self.cwd)}
        return json.dumps({**words, "steps": self.steps}).encode() + b"\n"


class GuardedProcess:
    """A program, its two output pipes, and the link to its guard; all three are for a selector to watch."""

    def __init__(self, link: socket.socket, number: int, stdout: BinaryIO, stderr: BinaryIO) -> None:
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
        self._number = number
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

    def _hear(self, message: Mapping[str, Any]) -> None:
        if "started" in message:
            self.pid, self.start_time = message["started"], message["start_time"]
        if "failed" in message:
            self.failed = message["failed"]
        if "exited" in message:
            self.exit_code = os.waitstatus_to_exitcode(message["exited"])
        if "ended" in message:
            self.left = tuple(message["ended"])
            self.ended = True

    def stop(self) -> None:
        """Ask the guard to end the whole tree, step by step."""
        try:
            self.link.sendall(json.dumps({"stop": self._number}).encode() + b"\n")
        except ConnectionError:
            self.deserted = self.ended = True

    def close(self) -> None:
        """Let go; a guard that is still at work kills the tree at once, one that is not serves the next program."""
        self.stdout.close()
        self.stderr.close()
        if self.ended and not self.deserted:
            _GUARDS.give_back(self.link)
        else:
            _GUARDS.forget(self.link)


class _Guards:
    """The guards of this process, and its one connection to the nursery that forks them.

    The nursery starts with the first program. A fork of the worker must not keep the links open, or the guards would
    not notice that the worker is gone.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._nursery: socket.socket | None = None
        self._script: subprocess.Popen[bytes] | None = None
        self._links: set[socket.socket] = set()
        self._idle: list[socket.socket] = []
        self._runs = 0
        os.register_at_fork(after_in_child=self._after_fork)

    def run(self, command: Command, streams: Sequence[int]) -> tuple[socket.socket, int]:
        """Hand a command to a guard, with its stdin, stdout and stderr; the link to it, and the number of the run."""
        with self._lock:
            self._runs += 1
            number = self._runs
        request = command.request(number)
        while (link := self._taken()) is not None:
            try:
                _send(link, request, streams)
            except OSError:
                self.forget(link)  # it was killed while it had nothing to do
            else:
                return link, number
        link = self._new()
        try:
            _send(link, request, streams)
        except ConnectionError:
            pass  # the link tells so too, to whoever listens to it
        except BaseException:
            self.forget(link)
            raise
        return link, number

    def warm_up(self) -> None:
        """Have a guard wait for work."""
        if not self._idle:
            self.give_back(self._new())

    def give_back(self, link: socket.socket) -> None:
        with self._lock:
            self._idle.append(link)

    def forget(self, link: socket.socket) -> None:
        with self._lock:
            self._links.discard(link)
        link.close()

    def _taken(self) -> socket.socket | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _new(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            try:
                socket.send_fds(self._connected(), [b"+"], [theirs.fileno()])
            except OSError:
                self._drop()
                socket.send_fds(self._connected(), [b"+"], [theirs.fileno()])
            self._links.add(ours)
        return ours

    def _connected(self) -> socket.socket:
        if self._nursery is None:
            ours, theirs = socket.socketpair()
            with theirs:
                self._script = _start_script(theirs.fileno())
            self._nursery = ours
        return self._nursery

    def _drop(self) -> None:
        if self._nursery is not None:
            self._nursery.close()
        if self._script is not None:
            self._script.wait()
        self._nursery = self._script = None

    def _after_fork(self) -> None:
        for link in (self._nursery, *self._links):
            if link is not None:
                link.close()
        if self._script is not None:
            self._script.returncode = 0
        self._lock = threading.Lock()
        self._nursery = self._script = None
        self._links, self._idle = set(), []


def _send(link: socket.socket, request: bytes, streams: Sequence[int]) -> None:
    sent = socket.send_fds(link, [request], streams)
    link.sendall(request[sent:])


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


_GUARDS = _Guards()


def warm_up() -> None:
    """Have a guard ready, so that the first program need not wait for one."""
    _GUARDS.warm_up()


def start(command: Command) -> GuardedProcess:
    """Start the program in its own session, with a guard above it.

    A program that cannot be executed shows in `failed`, not here.
    """
    out, out_in = os.pipe()
    err, err_in = os.pipe()
    stdin = -1
    try:
        stdin = os.open(command.stdin or os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        link, number = _GUARDS.run(command, (stdin, out_in, err_in))
    except BaseException:
        os.close(out)
        os.close(err)
        raise
    finally:
        for fd in (out_in, err_in, stdin):
            if fd >= 0:
                os.close(fd)
    return GuardedProcess(link, number, os.fdopen(out, "rb", buffering=0), os.fdopen(err, "rb", buffering=0))
