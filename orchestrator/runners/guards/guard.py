"""Runs one program after the other for a worker, each from its start to the end of its last process.

The worker sends a JSON line `{"run", "argv", "env", "cwd", "steps", "may_gain"}`, with the program's three streams
attached, and later perhaps `{"stop"}`; both carry the number of the run, so that a late word is not taken for the next
one's. The guard answers with JSON lines: `{"started", "start_time"}`, `{"failed"}` if the program cannot be executed,
`{"exited"}` (a wait status) and last `{"ended"}` with the processes that the main process left behind; one line may say
several of them. `start_time` is in clock ticks since boot. The guard of a single program first says `{"contained_by"}`,
or `{"refused", "lasting"}` and is gone.

The guard ends the tree when it is told to, when the main process has exited, and when the worker's end of the socket
closes, as it does when the worker is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from orchestrator.runners.guards.hold import Hold
from orchestrator.runners.guards.kernel import LINUX, become_subreaper, gain_nothing
from orchestrator.runners.guards.process_table import command_line, start_time
from orchestrator.runners.guards.program import spawn
from orchestrator.runners.guards.way import Way

STREAMS = 3
LEAVE_SECONDS = 0.1
SWEEP_SECONDS = 0.05
LEFT_LIMIT = 100
"""So many of the processes that were left behind are named."""


class Guard:
    """Serves one worker, one program at a time; the subreaper of everything that those start."""

    def __init__(self, link: socket.socket, hold: Hold) -> None:
        self.link = link
        self.hold = hold
        self.number = 0
        self.main = 0
        self.status = 0
        self.exited = False
        self.to_stop = 0
        self.deserted = False
        self.unread = b""
        self.streams: list[int] = []
        self.requests: list[dict[str, Any]] = []
        self.wake, wake_in = os.pipe()
        for end in (self.wake, wake_in):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)
        become_subreaper()

    @property
    def stopped(self) -> bool:
        """Whether the worker wants this run to end; it may say so before the run begins."""
        return self.to_stop == self.number

    def serve(self, *, once: bool = False) -> None:
        """Until the worker is gone, or one program has ended."""
        while not self.deserted:
            if not self.requests:
                self.wait(None)
                continue
            self.run(self.requests.pop())
            if once:
                return

    def run(self, request: dict[str, Any]) -> None:
        """Start the program, wait for its end or a word from the worker, then end what is left."""
        self.number, self.main = request["run"], 0
        self.exited = False
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
            self.main = spawn(request["argv"], request["env"], request["cwd"], streams, step=self.step(request))
        except (OSError, ValueError) as error:
            self.tell(failed=str(error), ended=[])
            return False
        finally:
            for stream in streams:
                os.close(stream)
        self.tell(about=self.main, started=self.main, start_time=start_time(self.main))
        return True

    def step(self, request: dict[str, Any]) -> Callable[[], None] | None:
        """What the child does before it becomes the program."""
        if request["may_gain"]:
            return self.hold.step

        def both() -> None:
            if self.hold.step is not None:
                self.hold.step()
            gain_nothing()

        return both

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
            elif "stop" in message:
                self.to_stop = message["stop"]

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
        left = [text for text in map(command_line, self.hold.members()) if text]
        if len(left) > LEFT_LIMIT:
            left[LEFT_LIMIT:] = [f"{len(left) - LEFT_LIMIT} more processes"]
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
        if tree:
            self.hold.signal(number)

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

    def tell(self, *, about: int = 0, **message: object) -> None:
        """A line for the worker; one that is gone does not hear it, and the tree ends all the same.

        In a PID namespace the number of the process that it is `about` goes along for the kernel to translate, unix(7).
        """
        credentials = struct.pack("iII", about, os.geteuid(), os.getegid())
        translated = self.hold.way is Way.PID_NAMESPACE and about
        ancillary = [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, credentials)] if translated else []
        line = json.dumps(message).encode() + b"\n"
        with contextlib.suppress(OSError):
            sent = self.link.sendmsg([line], ancillary)
            self.link.sendall(line[sent:])
