"""A PID namespace of its own (pid_namespaces(7)), with a /proc that shows nothing but it.

When the init of such a namespace ends, the kernel kills everything in it, and it has ended only when all of that has.
Root makes one as it is. A plain user needs a user namespace around it, in which it keeps its number and its group's:
files have the owners they had, and programs get none of the rights that the namespace brings.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

from orchestrator.runners.guards import kernel, process_table

PLACE = "/tmp"  # noqa: S108 - a folder that every machine has; nobody else sees what is mounted on it


def fork(child: Callable[[], None], refused: Callable[[OSError], None]) -> int:
    """Run `child` as the init of a new PID namespace; its number as seen from here.

    0 where that came to nothing. `refused` is called, in a child too, where the kernel does not allow it.
    """
    told, tell = os.pipe()
    if (midwife := os.fork()) == 0:
        try:
            if init := _fork_inside(refused):
                os.write(tell, str(init).encode())
            else:
                os.close(tell)
                _become_init(child, refused)
        finally:
            os._exit(0)
    os.close(tell)
    try:
        return int(os.read(told, 20) or 0)
    finally:
        os.close(told)
        os.waitpid(midwife, 0)


def _fork_inside(refused: Callable[[OSError], None]) -> int:
    """Two processes of this one, the second of them inside; the number of the second, and 0 in it."""
    try:
        _leave()
        return os.fork()
    except OSError as error:
        refused(error)
        os._exit(0)


def _become_init(child: Callable[[], None], refused: Callable[[OSError], None]) -> None:
    try:
        _mount_proc()
        process_table.pin()
    except OSError as error:
        refused(error)
    else:
        child()


def _leave() -> None:
    """Into the new namespaces; see user_namespaces(7) for what must be written, and in which order."""
    user, group = os.geteuid(), os.getegid()
    own = kernel.CLONE_NEWUSER if user else 0
    kernel.unshare(own | kernel.CLONE_NEWNS | kernel.CLONE_NEWPID)
    if own:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - importing pathlib is slow
                file.write(text)


def _mount_proc() -> None:
    """In place of the old /proc, which root could bring to light again if it were only covered.

    The kernel demands the sight of an old one for a new one in a user namespace, so the new one is mounted elsewhere
    first. What a user namespace has inherited cannot be taken away; there it is covered for good.
    """
    kernel.propagate_nothing()
    kernel.mount("proc", PLACE, kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    with suppress(OSError):
        kernel.detach("/proc")
    kernel.move(PLACE, "/proc")
