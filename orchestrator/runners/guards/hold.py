"""What keeps the processes of a program together, as its guard uses it; one class for each way."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from typing import Protocol

from orchestrator.runners.guards.cgroup import Cgroup
from orchestrator.runners.guards.process_table import descendants
from orchestrator.runners.guards.way import Way


class Hold(Protocol):
    """All of the guard's own descendants belong; orphans among them are its children."""

    @property
    def way(self) -> Way: ...

    @property
    def place(self) -> str:
        """The path of a control group, with which everything can be ended without the guard."""
        ...

    def members(self) -> list[int]:
        """Everything that lives, parents first; out of date at once."""
        ...

    def signal(self, number: int) -> None:
        """To everything that lives."""
        ...

    @property
    def step(self) -> Callable[[], None] | None:
        """What a forked child does before it becomes the program."""
        ...

    def release(self) -> None:
        """Nothing lives any more; safe to repeat."""
        ...


class ByDescent:
    """Nothing but the family tree."""

    way = Way.DESCENDANTS
    step: Callable[[], None] | None = None
    place = ""

    def members(self) -> list[int]:
        return descendants(os.getpid())

    def signal(self, number: int) -> None:
        for pid in self.members():
            with contextlib.suppress(OSError):
                os.kill(pid, number)

    def release(self) -> None:
        """Nothing to do."""


class InNamespace(ByDescent):
    """Everything in the PID namespace of which this process is init, at one moment: no fork gets away."""

    way = Way.PID_NAMESPACE

    def signal(self, number: int) -> None:
        if os.getpid() != 1:
            raise RuntimeError("not the init of a PID namespace: its signals would reach everybody")
        with contextlib.suppress(OSError):
            os.kill(-1, number)


class InCgroup(ByDescent):
    """Descendants and the members of a control group; SIGKILL goes to the group as a whole."""

    way = Way.CGROUP

    def __init__(self, cgroup: Cgroup) -> None:
        self.cgroup = cgroup
        self.step = cgroup.enter
        self.place = cgroup.path

    def members(self) -> list[int]:
        return list(dict.fromkeys([*super().members(), *self.cgroup.members()]))

    def signal(self, number: int) -> None:
        if number == signal.SIGKILL:
            self.cgroup.kill()
        super().signal(number)

    def release(self) -> None:
        self.cgroup.remove()
