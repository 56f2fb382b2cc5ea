"""The system calls that a confined program is refused: a filter in the kernel's own language, for bubblewrap to load.

Namespaces and mounts keep nearly everything out. This closes what they leave open: sockets that no network namespace
holds (vsock reaches the host of a virtual machine), the worker's keyring, the terminal's input queue, and user
namespaces, in which a program would have capabilities again.

https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import errno
import platform
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
"""Offsets in `struct seccomp_data`; of an argument the lower half, which is all that the kernel looks at."""

_NEW_USER: Final = 0x10000000
_TERMINAL_INPUT: Final = (0x5412, 0x541C)
_FAMILIES: Final = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16)
"""The last one is netlink, which tells programs their network interfaces."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Machine:
    """How a kind of processor numbers its calls; calls from `foreign` on belong to another convention of it."""

    audit: int
    keys: tuple[int, int, int]
    clone: int
    ioctl: int
    socket: int
    unshare: int
    foreign: int | None = None
    clone3: int = 435
    io_uring: int = 425


_MACHINES: Final = {
    "x86_64": _Machine(
        audit=0xC000003E, keys=(248, 249, 250), clone=56, ioctl=16, socket=41, unshare=272, foreign=0x40000000
    ),
    "aarch64": _Machine(audit=0xC00000B7, keys=(217, 218, 219), clone=220, ioctl=29, socket=198, unshare=97),
}

Instruction = tuple[int, int, int, int]
"""Code, how many to skip if true, how many if false, and a constant."""

_ALLOWED: Final[Instruction] = (_RETURN, 0, 0, _ALLOW)


def seccomp_filter(machine: str = platform.machine()) -> bytes:
    """The filter, as bubblewrap's `--seccomp` reads it; empty for a kind of processor that is not known here."""
    known = _MACHINES.get(machine)
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in _program(known)) if known else b""


def _program(machine: _Machine) -> Sequence[Instruction]:
    """Top to bottom; the number of the call stays loaded until a part for one call loads an argument, and returns."""
    return [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, machine.audit),
        _refuse(errno.ENOSYS),
        (_LOAD, 0, 0, _NUMBER),
        *([(_AT_LEAST, 0, 1, machine.foreign), _refuse(errno.ENOSYS)] if machine.foreign else []),
        *(each for number in machine.keys for each in _if(number, [_refuse(errno.EPERM)])),
        # What it would open, the parts below could not see. C libraries and runtimes do without either.
        *_if(machine.io_uring, [_refuse(errno.ENOSYS)]),
        *_if(machine.clone3, [_refuse(errno.ENOSYS)]),
        *_if(machine.clone, _without(_FIRST, _NEW_USER)),
        *_if(machine.unshare, _without(_FIRST, _NEW_USER)),
        *_if(machine.ioctl, [(_LOAD, 0, 0, _SECOND), *_among(_TERMINAL_INPUT, _refuse(errno.EPERM)), _ALLOWED]),
        *_if(machine.socket, [(_LOAD, 0, 0, _FIRST), *_among(_FAMILIES, _ALLOWED), _refuse(errno.EAFNOSUPPORT)]),
        _ALLOWED,
    ]


def _refuse(error: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | error)


def _if(number: int, part: Sequence[Instruction]) -> list[Instruction]:
    """`part`, which returns, for the call `number`."""
    return [(_EQUAL, 0, len(part), number), *part]


def _without(argument: int, bit: int) -> list[Instruction]:
    return [(_LOAD, 0, 0, argument), (_ANY_BIT, 0, 1, bit), _refuse(errno.EPERM), _ALLOWED]


def _among(values: Sequence[int], verdict: Instruction) -> list[Instruction]:
    """`verdict` for what is one of `values`; what is none goes on behind."""
    return [each for value in values for each in _if(value, [verdict])]
