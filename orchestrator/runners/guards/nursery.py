"""Forks guards for a worker, and ends what a guard that was killed has left behind.

Run with nothing but the standard library. The worker sends one letter, which says in which `Way` the guard is to hold
its programs together, with the guard's end of a socket attached; a small one asks for a guard that serves one program
after the other, by descent. What orphans such a guard leaves become children of the nursery, as its subreaper. The
worker hears the end of the guard of a single program only when nothing of the program lives any more.

The nursery ends when the worker has gone and all guards have ended.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import json
import os
import select
import signal
import socket
import time
from collections.abc import Iterable
from typing import Any

from orchestrator.runners.guards import namespace, process_table
from orchestrator.runners.guards.cgroup import Cgroup
from orchestrator.runners.guards.guard import SWEEP_SECONDS, Guard
from orchestrator.runners.guards.hold import ByDescent, Hold, InCgroup, InNamespace
from orchestrator.runners.guards.kernel import LINUX, become_subreaper
from orchestrator.runners.guards.way import Way

# Handled, not ignored: what is ignored stays so across exec, and a node should die of these as usual.
HARMLESS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PASSING = frozenset((errno.EAGAIN, errno.ENOMEM, errno.ENOSPC, errno.EMFILE, errno.ENFILE))
"""What may have changed by the next time; ENOSPC is a limit on the number of namespaces or groups."""
PATIENCE_SECONDS = 10.0
"""A guard that was stopped, and does not notice that the worker has gone, is killed after this time."""


class Charge:
    """A guard, and what the nursery keeps for it: its end of the link, and the group of its program."""

    def __init__(self, link: int, cgroup: Cgroup | None) -> None:
        self.link = link
        self.cgroup = cgroup

    def forget(self) -> None:
        """Close the link; the worker hears that when nobody else holds it."""
        if self.link >= 0:
            os.close(self.link)
        self.link = -1

    def over(self) -> bool:
        """Whether nothing lives any more, once the guard is dead; the worker hears so."""
        if self.cgroup is not None:
            self.cgroup.kill()
            if not self.cgroup.remove():
                return False
        self.forget()
        return True


class Nursery:
    """The guards of one worker, from their forks to their ends."""

    def __init__(self, parent: socket.socket) -> None:
        self.parent = parent
        self.guards: dict[int, Charge] = {}
        self.dead: list[Charge] = []
        self.groups = 0
        self.proven = False
        self.deserted_at: float | None = None
        self.pipe = os.pipe()
        for end in self.pipe:
            os.set_blocking(end, False)
        for number in (*HARMLESS, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self.pipe[1], warn_on_full_buffer=False)
        become_subreaper()

    def serve(self) -> None:
        """Until the worker has gone and nothing is left of what it had started."""
        while self.deserted_at is None or self.guards or self.dead:
            self.wait()
            self.bury()

    def wait(self) -> None:
        """Sleep until the worker wants something or is gone, a guard dies, or it is time to look again."""
        watched: list[Any] = [self.pipe[0]] if self.deserted_at is not None else [self.pipe[0], self.parent]
        look_again = SWEEP_SECONDS if self.dead or self.deserted_at is not None else None
        ready, _, _ = select.select(watched, [], [], look_again)
        if self.pipe[0] in ready:
            os.read(self.pipe[0], 4096)
        if self.parent in ready:
            self.listen()
        if self.deserted_at is not None and time.monotonic() - self.deserted_at > PATIENCE_SECONDS:
            self.kill(self.guards)

    def listen(self) -> None:
        """Take in one wish of the worker."""
        try:
            letter, links, _, _ = socket.recv_fds(self.parent, 1, 1)
        except OSError:
            letter, links = b"", []
        if not letter:
            self.deserted_at = time.monotonic()
        for link in links:
            self.bear(next(way for way in Way if way.letter == letter), link)

    def bear(self, way: Way, link: int) -> None:
        """Fork a guard."""
        charge = Charge(link, None)
        pid = 0
        try:
            if way is Way.CGROUP:
                charge.cgroup = self.group()
            pid = self.fork(way, charge)
        except OSError as error:
            refuse(link, error)
        if pid == 0:
            self.dead.append(charge)
            return
        if way is Way.DESCENDANTS:
            charge.forget()
        self.guards[pid] = charge

    def group(self) -> Cgroup:
        """A new control group; the first shows whether it can be entered at all."""
        self.groups += 1
        group = Cgroup.create(f"mycelium-{os.getpid()}-{self.groups}")
        try:
            if not self.proven:
                group.prove()
                self.proven = True
        except OSError:
            group.remove()
            raise
        return group

    def fork(self, way: Way, charge: Charge) -> int:
        """The new guard's pid; 0 where there is none."""
        if way is Way.PID_NAMESPACE:
            hold = InNamespace()
            return namespace.fork(lambda: self.become(hold, charge.link), lambda error: refuse(charge.link, error))
        pid = os.fork()
        if pid == 0:
            try:
                self.become(ByDescent() if charge.cgroup is None else InCgroup(charge.cgroup), charge.link)
            finally:
                os._exit(0)
        return pid

    def become(self, hold: Hold, link: int) -> None:
        """In a fork: be a guard, until it is done."""
        self.parent.close()
        for charge in (*self.guards.values(), *self.dead):
            charge.forget()
        os.set_inheritable(link, False)
        guard = Guard(socket.socket(fileno=link), hold)
        for end in self.pipe:
            os.close(end)
        if hold.way is not Way.DESCENDANTS:
            guard.tell(contained_by=hold.way, cgroup=hold.place)
        guard.serve(once=hold.way is not Way.DESCENDANTS)
        hold.release()

    def bury(self) -> None:
        """Collect the dead, and end what they left behind."""
        with contextlib.suppress(ChildProcessError):
            while pid := os.waitpid(-1, os.WNOHANG)[0]:
                if pid in self.guards:
                    self.dead.append(self.guards.pop(pid))
        if self.dead:
            # Guards end by themselves with nothing below them; other children than guards were a killed one's.
            orphans = [pid for pid in process_table.children(os.getpid()) if pid not in self.guards] if LINUX else []
            self.kill(member for orphan in orphans for member in (orphan, *process_table.descendants(orphan)))
            if not orphans:
                self.dead = [charge for charge in self.dead if not charge.over()]

    def kill(self, pids: Iterable[int]) -> None:
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def refuse(link: int, error: OSError) -> None:
    """Tell the worker that a way is closed to it, and whether it will stay so."""
    message = {"refused": str(error), "lasting": error.errno not in PASSING}
    with contextlib.suppress(OSError):
        os.write(link, json.dumps(message).encode() + b"\n")


def main(fd: int) -> None:
    """`fd` is this end of the socket to the worker."""
    process_table.pin()
    nursery = Nursery(socket.socket(fileno=fd))
    gc.collect()
    gc.freeze()
    nursery.serve()
