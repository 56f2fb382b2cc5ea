"""The process between a worker and a node: keeps the node's whole process tree in hand, and ends it.

Run as a script by `process.py`, with nothing but the standard library, so that it starts once and stays small. The
script is a *nursery* of guards. A guard serves one node after the other, and is the subreaper of everything they start.
A process that forks twice, opens its own session or clears its environment is still a descendant of the guard. The
guard ends the tree when it is told to, when the node's main process has exited, and when the worker's end of the socket
closes, as it does when the worker is killed.

The worker sends a JSON line `{"run", "argv", "env", "cwd", "steps"}`, with the node's three streams attached, and later
perhaps `{"stop"}`; both carry the number of the run, so that a late word is not taken for the next one's. The guard
answers with JSON lines: `{"started", "start_time"}`, `{"failed"}` if the program cannot be executed, `{"exited"}` (a
wait status) and last `{"ended"}` with the processes that the main process left behind; one line may say several of
them. `start_time` is in clock ticks since boot.
"""

from __future__ import annotations

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
STREAMS = 3
LINUX = sys.platform == "linux"
# What Python ignores, and a program expects to die of.
RESTORED = [getattr(signal, name) for name in ("SIGPIPE", "SIGXFZ", "SIGXFSZ") if hasattr(signal, name)]
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
    """Serves the nodes of one worker, one at a time; each from its start to the end of its last process."""

    def __init__(self, link: socket.socket, call: Callable[[int, int], object]) -> None:
        self.link = link
        self.number = 0
        self.main = 0
        self.status = 0
        self.exited = False
        self.stopped = False
        self.deserted = False
        self.unread = b""
        self.streams: list[int] = []
        self.requests: list[dict[str, Any]] = []
        self.wake, wake_in = os.pipe()
        for end in (self.wake, wake_in):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)
        call(PR_SET_CHILD_SUBREAPER, 1)

    def serve(self) -> None:
        """Until the worker is gone."""
        while not self.deserted:
            if self.requests:
                self.run(self.requests.pop())
            else:
                self.wait(None)

    def run(self, request: dict[str, Any]) -> None:
        """Start the node, wait for its end or a word from the worker, then end what is left."""
        self.number, self.main = request["run"], 0
        self.exited = self.stopped = False
        steps = [(getattr(signal, name), float(seconds)) for name, seconds in request["steps"]]
        if not self.start(request):
            return
        while not (self.reap() or self.stopped or self.deserted):
            self.wait(None)
        if self.exited:
            self.end(steps)
        else:
            self.stop(steps)
            self.tell(**({"exited": self.status} if self.exited else {}), ended=[])

    def start(self, request: dict[str, Any]) -> bool:
        """Start the main process; false, and the worker knows, where that cannot be done."""
        streams, self.streams = self.streams, []
        try:
            self.main = spawn(request["argv"], request["env"], request["cwd"], streams)
        except (OSError, ValueError) as error:
            self.tell(failed=str(error), ended=[])
            return False
        finally:
            for stream in streams:
                os.close(stream)
        self.tell(started=self.main, start_time=start_time(self.main))
        return True

    def wait(self, seconds: float | None) -> None:
        """Sleep until a process dies, the worker says something or goes away, or the time is up."""
        watched: list[Any] = [self.wake] if self.deserted else [self.wake, self.link]
        ready, _, _ = select.select(watched, [], [], seconds)
        if self.wake in ready:
            os.read(self.wake, 4096)
        if self.link in ready:
            self.listen()

    def listen(self) -> None:
        """Take in what the worker says."""
        try:
            heard, streams, _, _ = socket.recv_fds(self.link, 65536, STREAMS)
        except OSError:
            heard, streams = b"", []
        for stream in streams:
            os.set_inheritable(stream, False)
        self.streams += streams
        self.deserted = not heard
        *lines, self.unread = (self.unread + heard).split(b"\n")
        for message in map(json.loads, lines):
            if "run" in message:
                self.requests.append(message)
            elif message.get("stop") == self.number:
                self.stopped = True

    def reap(self) -> bool:
        """Collect the dead; whether the main process is among them by now."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid == self.main:
                    self.exited, self.status = True, status
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

    def end(self, steps: list[tuple[int, float]]) -> None:
        """The main process has exited: tell so, and end what it left behind."""
        if self.alone():
            self.tell(exited=self.status, ended=[])
        else:
            self.tell(exited=self.status)
            self.tell(ended=self.leftovers(steps))

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


def spawn(argv: list[str], env: dict[str, str], cwd: str, streams: list[int]) -> int:
    """Start a program in a session of its own; its pid. `OSError` or `ValueError` where it cannot be started."""
    os.chdir(cwd)
    try:
        redirected = [(os.POSIX_SPAWN_DUP2, stream, number) for number, stream in enumerate(streams)]
        return os.posix_spawn(argv[0], argv, env, file_actions=redirected, setsid=True, setsigdef=RESTORED)
    except NotImplementedError:  # a C library without sessions in posix_spawn
        stdin, stdout, stderr = streams
        started = subprocess.Popen(argv, stdin=stdin, stdout=stdout, stderr=stderr, env=env, start_new_session=True)
        started.returncode = 0  # `reap` collects the exit status; the object must not
        return started.pid
    finally:
        os.chdir("/")


def nursery(parent: socket.socket) -> None:
    """Fork a guard whenever the worker sends the link for one, until the worker is gone."""
    call = prctl()
    for number in HARMLESS:
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    while True:
        message, fds, _, _ = socket.recv_fds(parent, 1, 1)
        if not message:
            return
        if os.fork() == 0:
            try:
                parent.close()
                os.set_inheritable(fds[0], False)
                Guard(socket.socket(fileno=fds[0]), call).serve()
            finally:
                os._exit(0)
        os.close(fds[0])


if __name__ == "__main__":
    nursery(socket.socket(fileno=int(sys.argv[1])))
