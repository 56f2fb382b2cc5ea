"""The guards of this process: those that serve one program after the other, and those of a single program."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import SetupError
from orchestrator.runners.guard_link import GuardLink, Refusal, answer, send
from orchestrator.runners.guards.kernel import LINUX
from orchestrator.runners.guards.way import Way

SINGLE = (Way.PID_NAMESPACE, Way.CGROUP)
"""The ways in which a guard holds a single program, the best first."""
REFUSED: dict[Way, str] = {} if LINUX else dict.fromkeys(SINGLE, "only Linux has them")
"""Those that are closed to this process for good, and why; learned by trying."""
_ROOT = Path(__file__).parents[2]
# The folder comes last, so that nothing in it hides a part of the standard library.
_PROGRAM = """\
import sys
sys.path.append(sys.argv[2])
from orchestrator.runners.guards.nursery import main
main(int(sys.argv[1]))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Containment:
    """The best way that this machine allows, and why the better ones are closed."""

    way: Way
    refused: Mapping[Way, str] = field(default_factory=dict)


class GuardPool:
    """Guards, and the one connection to the nursery that forks them.

    The nursery starts with the first program. A fork of the worker must not keep the links open, or the guards would
    not notice that the worker is gone.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._nursery: socket.socket | None = None
        self._scripts: list[subprocess.Popen[bytes]] = []
        self._sockets: set[socket.socket] = set()
        self._idle: list[GuardLink] = []
        self._runs = 0
        os.register_at_fork(after_in_child=self._after_fork)

    def number(self) -> int:
        """The number of a new run."""
        with self._lock:
            self._runs += 1
            return self._runs

    def run(self, request: bytes, streams: Sequence[int], *, contained: bool) -> GuardLink:
        """Hand a request to a guard, with the program's stdin, stdout and stderr."""
        if contained and (single := self._single({})):
            return self._handed(single, request, streams)
        while (link := self._taken()) is not None:
            try:
                send(link.socket, request, streams)
            except OSError:
                self.forget(link)  # it was killed while it had nothing to do
            else:
                return link
        return self._handed(GuardLink(socket=self._new(Way.DESCENDANTS)), request, streams)

    def containment(self) -> Containment:
        """What this machine allows, found out by doing it."""
        refused: dict[Way, str] = {}
        single = self._single(refused)
        if single is None:
            return Containment(way=Way.DESCENDANTS, refused=refused)
        self.forget(single)
        return Containment(way=single.way, refused=refused)

    def warm_up(self) -> None:
        """Have a guard wait for work."""
        if not self._idle:
            self.give_back(GuardLink(socket=self._new(Way.DESCENDANTS)))

    def give_back(self, link: GuardLink) -> None:
        """A program has ended, with all that it started."""
        if link.way in SINGLE:
            self.forget(link)
            return
        with self._lock:
            self._idle.append(link)

    def forget(self, link: GuardLink) -> None:
        """A guard that is still at work kills its tree at once."""
        self._close(link.socket)

    def _handed(self, link: GuardLink, request: bytes, streams: Sequence[int]) -> GuardLink:
        try:
            send(link.socket, request, streams)
        except ConnectionError:
            pass  # the link tells so too, to whoever listens to it
        except BaseException:
            self.forget(link)
            raise
        return link

    def _taken(self) -> GuardLink | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _single(self, refused: dict[Way, str]) -> GuardLink | None:
        """A guard for one program, held in the best way there is; None where there is none, and why in `refused`."""
        for way in SINGLE:
            if why := REFUSED.get(way):
                refused[way] = why
                continue
            # A nursery that was killed in between says nothing; another one will.
            found = self._asked(way) or self._asked(way) or Refusal(why="its guard ended at once", lasting=False)
            if isinstance(found, GuardLink):
                return found
            refused[way] = found.why
            if found.lasting:
                REFUSED[way] = found.why
        return None

    def _asked(self, way: Way) -> GuardLink | Refusal | None:
        """A guard for one program, or why there is none; None where nobody says anything."""
        ours = self._new(way)
        found = answer(ours, way)
        if not isinstance(found, GuardLink):
            self._close(ours)
        return found

    def _new(self, way: Way) -> socket.socket:
        """Have a guard forked; our end of the link to it."""
        ours, theirs = socket.socketpair()
        try:
            if way in SINGLE:
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            with self._lock, theirs:
                self._ask(way, theirs)
                self._sockets.add(ours)
        except BaseException:
            ours.close()
            raise
        return ours

    def _ask(self, way: Way, theirs: socket.socket) -> None:
        try:
            socket.send_fds(self._connected(), [way.letter], [theirs.fileno()])
        except OSError:
            self._drop()
            socket.send_fds(self._connected(), [way.letter], [theirs.fileno()])

    def _close(self, ours: socket.socket) -> None:
        with self._lock:
            self._sockets.discard(ours)
        ours.close()

    def _connected(self) -> socket.socket:
        if self._nursery is None:
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    self._scripts.append(_start_script(theirs.fileno()))
                except BaseException:
                    ours.close()
                    raise
            self._nursery = ours
        return self._nursery

    def _drop(self) -> None:
        """Forget a nursery that is gone; one that is not goes when its last guard does."""
        if self._nursery is not None:
            self._nursery.close()
        self._nursery = None
        self._scripts = [script for script in self._scripts if script.poll() is None]

    def _after_fork(self) -> None:
        for link in (self._nursery, *self._sockets):
            if link is not None:
                link.close()
        for script in self._scripts:
            script.returncode = 0
        self._lock = threading.Lock()
        self._nursery = None
        self._scripts, self._sockets, self._idle = [], set(), []


def _start_script(fd: int) -> subprocess.Popen[bytes]:
    """Isolated and without site: nothing of the repository or the user is imported, and no secret is in sight."""
    argv = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(fd), str(_ROOT)]
    try:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, pass_fds=(fd,), env=_guard_environment(), cwd="/", start_new_session=True
        )
    except OSError as error:
        raise SetupError(f"cannot start the guard of node processes: {error}") from error


def _guard_environment() -> dict[str, str]:
    names = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in names if name in os.environ}
