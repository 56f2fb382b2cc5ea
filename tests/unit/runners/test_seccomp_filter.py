"""The filter of system calls, run by a small machine that follows the kernel's rules."""

from __future__ import annotations

import errno
import socket
import struct

import pytest

from orchestrator.runners.seccomp import seccomp_filter

ALLOW = 0x7FFF0000
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CALLS = {
    "x86_64": {"read": 0, "ioctl": 16, "socket": 41, "clone": 56, "keyctl": 250, "unshare": 272},
    "aarch64": {"read": 63, "ioctl": 29, "socket": 198, "clone": 220, "keyctl": 219, "unshare": 97},
}
BOTH = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
TIOCSTI, TCGETS, NEW_USER, NEW_NET = 0x5412, 0x5401, 0x10000000, 0x40000000


def verdict(machine: str, call: int, *given: int, audit: int | None = None) -> int:
    """What the kernel does with a call: an errno, or 0 where it is allowed."""
    arguments = [*given, *[0] * (6 - len(given))]
    data = struct.pack("=iIQ6Q", call, AUDIT[machine] if audit is None else audit, 0, *arguments)
    program = list(struct.iter_unpack("=HBBI", seccomp_filter(machine)))
    place = loaded = 0
    while True:
        code, if_true, if_false, constant = program[place]
        place += 1
        match code:
            case 0x20:
                (loaded,) = struct.unpack_from("=I", data, constant)
            case 0x15:
                place += if_true if loaded == constant else if_false
            case 0x35:
                place += if_true if loaded >= constant else if_false
            case 0x45:
                place += if_true if loaded & constant else if_false
            case _:
                assert code == 0x06
                assert constant == ALLOW or constant & 0xFFFF0000 == 0x00050000
                return 0 if constant == ALLOW else constant & 0xFFFF


@BOTH
def test_ordinary_calls_are_allowed(machine: str) -> None:
    calls = CALLS[machine]
    assert verdict(machine, calls["read"], 0) == 0
    assert verdict(machine, calls["ioctl"], 0, TCGETS) == 0
    assert verdict(machine, calls["clone"], 0x11) == 0
    assert verdict(machine, calls["unshare"], 0x400) == 0
    for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16):
        assert verdict(machine, calls["socket"], family, 1) == 0


@BOTH
def test_ways_around_a_namespace_are_not(machine: str) -> None:
    calls = CALLS[machine]
    assert verdict(machine, calls["keyctl"], 0) == errno.EPERM
    assert verdict(machine, calls["clone"], NEW_USER | NEW_NET | 0x11) == errno.EPERM
    assert verdict(machine, calls["unshare"], NEW_USER) == errno.EPERM
    assert verdict(machine, 435) == errno.ENOSYS  # clone3, whose flags lie in memory
    assert verdict(machine, 425) == errno.ENOSYS  # io_uring_setup, which opens sockets by other means
    for family in (17, 38, 40):  # packet, alg, vsock
        assert verdict(machine, calls["socket"], family, 1) == errno.EAFNOSUPPORT


@BOTH
def test_the_upper_half_of_an_argument_does_not_hide_the_lower(machine: str) -> None:
    calls = CALLS[machine]
    assert verdict(machine, calls["ioctl"], 0, TIOCSTI) == errno.EPERM
    assert verdict(machine, calls["ioctl"], 0, TIOCSTI | 1 << 40) == errno.EPERM
    assert verdict(machine, calls["socket"], 40 | 1 << 40, 1) == errno.EAFNOSUPPORT


@BOTH
def test_calls_of_another_convention_are_unknown(machine: str) -> None:
    assert verdict(machine, 102, 1, audit=0x40000003) == errno.ENOSYS  # i386's socketcall
    if machine == "x86_64":
        assert verdict(machine, 0x40000000 | 41, 40, 1) == errno.ENOSYS


def test_a_processor_that_is_not_known_has_no_filter() -> None:
    assert seccomp_filter("s390x") == b""
