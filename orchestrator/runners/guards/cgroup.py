"""A control group (cgroups(7), version 2) below our own: its members stay members, whoever their parents are."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time

_UNIFIED = re.compile(r"^\S+ \S+ \S+ (?P<root>\S+) (?P<mount>\S+) .* - cgroup2 ", re.MULTILINE)
_ESCAPED = re.compile(r"\\([0-7]{3})")


class Cgroup:
    """One group's folder; whoever knows the path can end what is in it."""

    def __init__(self, path: str) -> None:
        self.path = path

    @classmethod
    def create(cls, name: str) -> Cgroup:
        """A new group below the one that this process is in; `OSError` says why there is none."""
        group = cls(f"{own()}/{name}")
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(group.path)  # noqa: PTH106 - importing pathlib is slow
        os.mkdir(group.path)  # noqa: PTH102 - as above
        return group

    def enter(self) -> None:
        """Make this process a member; its children will be members too."""
        _write(f"{self.path}/cgroup.procs", "0")

    def prove(self) -> None:
        """`OSError` unless children of this process may enter."""
        if (child := os.fork()) == 0:
            code = 1
            try:
                self.enter()
                code = 0
            except OSError as error:
                code = error.errno or 1
            finally:
                os._exit(code)
        if code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            raise OSError(code, f"{self.path}/cgroup.procs: {os.strerror(code)}")

    def members(self) -> list[int]:
        """Living processes; none where the group is gone."""
        try:
            return [int(pid) for pid in _read(f"{self.path}/cgroup.procs").split()]
        except OSError:
            return []

    def kill(self) -> None:
        """SIGKILL to all members at once; before Linux 5.14 to one after the other, so repeat until there is none."""
        try:
            _write(f"{self.path}/cgroup.kill", "1")
        except OSError:
            for pid in self.members():
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)

    def remove(self) -> bool:
        """Whether the group is gone; it stays while somebody lives in it."""
        with contextlib.suppress(OSError):
            os.rmdir(self.path)  # noqa: PTH106 - importing pathlib is slow
        return not os.path.isdir(self.path)  # noqa: PTH112 - as above

    def end(self, seconds: float) -> None:
        """Kill whatever is in the group, and wait so long for the end of it."""
        deadline = time.monotonic() + seconds
        while not self.remove() and time.monotonic() < deadline:
            self.kill()
            time.sleep(0.01)


def own() -> str:
    """The folder of the group that this process is in; `OSError` where there is none."""
    found = _UNIFIED.search(_read("/proc/self/mountinfo"))
    membership = re.search(r"^0::(/.*)$", _read("/proc/self/cgroup"), re.MULTILINE)
    if not found or not membership:
        raise FileNotFoundError("cgroup: no hierarchy of version 2 is mounted")
    root, mount = (_ESCAPED.sub(lambda code: chr(int(code[1], 8)), found[name]) for name in ("root", "mount"))
    below = os.path.relpath(membership[1], root)
    if below.startswith(".."):
        raise FileNotFoundError("cgroup: our own group is not in sight")
    return os.path.normpath(f"{mount}/{below}")


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123 - importing pathlib is slow
        return file.read()


def _write(path: str, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)
