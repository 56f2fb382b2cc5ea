"""System calls of Linux that Python has no words for (`os.unshare` came with 3.12).

As a program, with another one and its words behind it, it becomes that one, which can gain nothing.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

LINUX = sys.platform == "linux"
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x2, 0x4, 0x8
MS_MOVE = 0x2000
MS_REC = 0x4000
MS_SLAVE = 0x80000
MNT_DETACH = 2
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None


def become_subreaper() -> None:
    """From now on the orphans among this process's descendants become its children (prctl(2)); elsewhere nothing."""
    if LINUX:
        _call("prctl", PR_SET_CHILD_SUBREAPER, *map(ctypes.c_ulong, (1, 0, 0, 0)))


def gain_nothing() -> None:
    """This process and all it starts get no rights from files any more: `sudo` refuses to run (prctl(2)); elsewhere
    nothing."""
    if LINUX:
        _call("prctl", PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0)))


def unshare(flags: int) -> None:
    """Leave namespaces for new ones; of a PID namespace only the next child is a member (unshare(2))."""
    _call("unshare", flags)


def mount(kind: str, target: str, flags: int) -> None:
    """Mount a file system that needs no device (mount(2))."""
    _call("mount", kind.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None)


def move(source: str, target: str) -> None:
    """Let a mount appear elsewhere."""
    _call("mount", source.encode(), target.encode(), None, ctypes.c_ulong(MS_MOVE), None)


def propagate_nothing() -> None:
    """No mount of this namespace shows elsewhere from now on; what others mount and take away still shows here."""
    _call("mount", None, b"/", None, ctypes.c_ulong(MS_REC | MS_SLAVE), None)


def detach(target: str) -> None:
    """Take a mount and all below it out of sight (umount2(2))."""
    _call("umount2", target.encode(), MNT_DETACH)


def _call(name: str, *arguments: Any) -> None:
    """`OSError` names the call that was refused."""
    if getattr(_libc, name)(*arguments) < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


if __name__ == "__main__":
    gain_nothing()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - as words, not through a shell
