"""The ways to keep a program's processes together until the last of them has ended."""

from __future__ import annotations

from enum import StrEnum


class Way(StrEnum):
    """Strongest first.

    `PID_NAMESPACE`: the kernel ends everything with the guard, and nothing inside sees a process outside. `CGROUP`: a
    list of members that the kernel keeps, killed in one go. `DESCENDANTS`: whatever descends from the guard.
    """

    PID_NAMESPACE = "pid namespace"
    CGROUP = "cgroup"
    DESCENDANTS = "descendants"

    @property
    def letter(self) -> bytes:
        """As a worker asks a nursery for it."""
        return self.value[:1].encode()
