"""The process between a worker and a node: keeps the node's whole process tree in hand, and ends it.

Run as a script by `process.py`, with nothing but the standard library, so that it starts once and stays small. The
script is a *nursery* of guards, one for each node. A guard becomes the subreaper of everything the node starts. A
process that forks twice, opens its own session or clears its environment is still a descendant of the guard. The guard
ends the tree when it is told to, when the node's main process has exited, and when the worker's end of the socket
closes, as it does when the worker is killed.

The worker sends one JSON line `{"argv", "env", "cwd", "steps"}`, later perhaps `stop`. The guard answers with JSON
lines: `{"started", "start_time"}`, `{"failed"}` if the program cannot be executed, `{"exited"}` (a wait status)
and last `{"ended"}` with the processes that the main process left behind. `start_time` is in clock ticks since boot.
"""

from __future__ import annotations

import array  # noqa: F401 - `socket.recv_fds` imports it late, and every guard would pay for that
import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
FDS_PER_NODE = 4
LINUX = sys.platform == "linux"
TAKEN, DESERTED = b"+", b"-"
# Handled, not ignored: what is ignored stays so across exec, and a node should die of these as usual.
HARMLESS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LEAVE_SECONDS = 0.1
SWEEP_SECONDS = 0.05


def prctl() -> Callable[[int, int], object]:
    """The system call of Linux; elsewhere a function that does nothing."""
    if not LINUX:
        return lambda _option, _value: None
    call: Callable[..., object] = ctypes.CDLL(None).prctl
    return lambda option, value: call(option, value, 0, 0, 0)


def start_time(pid: int) -> int:
    """Clock ticks between boot and the start of `pid` (proc(5), field 22 of stat); 0 where nobody can say."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - importing pathlib is slow
            return int(file.read().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def command_line(pid: int) -> str:
    """What `ps` would call the process, cut to what fits into a line."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123 - importing pathlib is slow
            return file.read(400).replace(b"\0", b" ").decode("utf-8", "replace").strip()[:120]
    except OSError:
        return ""


def descendants(pid: int) -> list[int]:
    """All living descendants, parents first. A list that is out of date at once: repeat until it is empty."""
    found: list[int] = []
    table = None if LINUX else _ps()
    waiting = [pid]
    while waiting:
        children = _children(waiting.pop()) if table is None else table.pop(waiting.pop(), [])
        found += children
        waiting += children
    return found


def _children(pid: int) -> list[int]:
    """The kernel's own list, by thread; only what is there is read, however many processes the machine has."""
    children: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - importing pathlib is slow
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:  # noqa: PTH123 - as above
                children += [int(child) for child in file.read().split()]
    except OSError:
        return children
    return children


def _ps() -> dict[int, list[int]]:
    table: dict[int, list[int]] = {}
    listing = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=False)
    for line in listing.stdout.splitlines():
        pid, parent = (int(word) for word in line.split())
        table.setdefault(parent, []).append(pid)
    return table


class Guard:
    """One node, from its start to the end of its last process."""

    def __init__(self, link: socket.socket, call: Callable[[int, int], object]) -> None:
        self.link = link
        self.call = call
        self.main = 0
        self.exited = False
        self.stopped = False
        self.deserted = False
        self.wake, wake_in = os.pipe()
        for end in (self.wake, wake_in):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)

    def run(self, streams: list[int]) -> None:
        """Start the node, wait for its end or a word from the worker, then end what is left."""
        with self.link.makefile("rb") as lines:
            line = lines.readline()
        if not line:
            return
        request = json.loads(line)
        steps = [(getattr(signal, name), float(seconds)) for name, seconds in request["steps"]]
        self.call(PR_SET_CHILD_SUBREAPER, 1)
        self.start(request, streams)
        while not (self.reap() or self.stopped or self.deserted):
            self.wait(None)
        if self.exited:
            self.tell(ended=self.leftovers(steps))
        else:
            self.stop(steps)
            self.tell(ended=[])

    def start(self, request: dict[str, Any], streams: list[int]) -> None:
        """Start the main process; `subprocess` uses vfork, which is twice as fast as a fork of Python."""
        try:
            main = subprocess.Popen(
                request["argv"],
                stdin=streams[0],
                stdout=streams[1],
                stderr=streams[2],
                env=request["env"],
                cwd=request["cwd"],
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            self.tell(failed=str(error))
            os._exit(0)
        main.returncode = 0  # `reap` collects the exit status; the object must not
        self.main = main.pid
        for stream in streams:
            os.close(stream)
        self.tell(started=self.main, start_time=start_time(self.main))

    def wait(self, seconds: float | None) -> None:
        """Sleep until a process dies, the worker says something or goes away, or the time is up."""
        watched: list[Any] = [self.wake] if self.stopped else [self.wake, self.link]
        if self.deserted:
            watched = [self.wake]
        ready, _, _ = select.select(watched, [], [], seconds)
        if self.wake in ready:
            os.read(self.wake, 4096)
        if self.link in ready:
            word = self.link.recv(64)
            self.stopped, self.deserted = bool(word), not word

    def reap(self) -> bool:
        """Collect the dead; whether the main process is among them by now."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid == self.main:
                    self.exited = True
                    self.tell(exited=status)
        return self.exited

    def alone(self) -> bool:
        """Whether no descendant is left: orphans come to the subreaper, so no child means nobody at all."""
        self.reap()
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return LINUX or not self.group_lives()
        return False

    def group_lives(self) -> bool:
        try:
            os.killpg(self.main, 0)
        except OSError:
            return False
        return True

    def leftovers(self, steps: list[tuple[int, float]]) -> list[str]:
        """End what the main process left behind, after a moment to finish (as `> >(tee log)` needs); what it was."""
        if self.quiet_within(LEAVE_SECONDS):
            return []
        left = [text for text in map(command_line, descendants(os.getpid())) if text]
        self.stop([step for step in steps if step[0] != signal.SIGINT])
        return left

    def stop(self, steps: list[tuple[int, float]]) -> None:
        """Signal the tree step by step, until nothing lives; the last step is repeated for as long as it takes.

        SIGINT goes to the main process's group alone: programs that know it end their own children better than we do.
        When the worker is gone nobody reads the output any more, and the tree is killed at once.
        """
        for number, seconds in steps:
            if number != signal.SIGKILL and not self.deserted:
                self.signal(number, tree=number != signal.SIGINT)
                if self.quiet_within(seconds):
                    return
        while True:
            self.signal(signal.SIGKILL, tree=True)
            if self.quiet_within(SWEEP_SECONDS):
                return

    def signal(self, number: int, *, tree: bool) -> None:
        """Signal the main process's group, unless its number may belong to somebody else by now, and the tree."""
        if not (self.exited and LINUX):
            with contextlib.suppress(OSError):
                os.killpg(self.main, number)
        for pid in descendants(os.getpid()) if tree else []:
            with contextlib.suppress(OSError):
                os.kill(pid, number)

    def quiet_within(self, seconds: float) -> bool:
        """Whether the tree is gone before the time is up, or before the worker goes away."""
        deadline = time.monotonic() + seconds
        watched = not self.deserted
        while not self.alone():
            left = deadline - time.monotonic()
            if left <= 0 or (watched and self.deserted):
                return False
            self.wait(left)
        return True

    def tell(self, **message: object) -> None:
        """A line for the worker; one that is gone does not hear it, and the tree ends all the same."""
        with contextlib.suppress(OSError):
            self.link.sendall(json.dumps(message).encode() + b"\n")


def nursery(parent: socket.socket) -> None:
    """Keep one guard in waiting, so that a node need not wait for a fork, until the worker is gone."""
    call = prctl()
    for number in HARMLESS:
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    while True:
        news, news_in = os.pipe()
        if os.fork() == 0:
            os.close(news)
            try:
                await_node(parent, news_in, call)
            finally:
                os._exit(0)
        os.close(news_in)
        word = os.read(news, 1)
        os.close(news)
        if word == DESERTED:
            return


def await_node(parent: socket.socket, news: int, call: Callable[[int, int], object]) -> None:
    """Be the guard of the next node that comes from the worker."""
    message, fds, _, _ = socket.recv_fds(parent, 1, FDS_PER_NODE)
    with contextlib.suppress(OSError):  # a nursery that was killed hears nothing; this node has its guard all the same
        os.write(news, TAKEN if message else DESERTED)
    os.close(news)
    parent.close()
    if message:
        for fd in fds:
            os.set_inheritable(fd, False)
        Guard(socket.socket(fileno=fds[0]), call).run(fds[1:])


if __name__ == "__main__":
    nursery(socket.socket(fileno=int(sys.argv[1])))
