"""The worker's end of a guard: what is said, in both directions."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.runners.guards.kernel import LINUX
from orchestrator.runners.guards.way import Way


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GuardLink:
    """The worker's end of a guard. `pid` and `cgroup` (a path) are known of the guard of a single program only."""

    socket: socket.socket
    way: Way = Way.DESCENDANTS
    pid: int = 0
    cgroup: str = ""

    def heard(self) -> tuple[bytes, int]:
        """What the guard has to say, nothing once it is gone; and the process that says so, or that it is about."""
        return _heard(self.socket)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why the kernel does not allow a way, and whether it is worth another try."""

    why: str
    lasting: bool


def send(link: socket.socket, request: bytes, streams: Sequence[int]) -> None:
    """A request, with the files that become the streams of the program."""
    sent = socket.send_fds(link, [request], streams)
    link.sendall(request[sent:])


def _heard(link: socket.socket) -> tuple[bytes, int]:
    try:
        chunk, ancillary, _, _ = link.recvmsg(65536, socket.CMSG_SPACE(12) if LINUX else 0)
    except ConnectionError:
        return b"", 0
    for level, kind, data in ancillary:
        if LINUX and (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            return chunk, int(struct.unpack("iII", data[:12])[0])
    return chunk, 0


def answer(link: socket.socket, way: Way) -> GuardLink | Refusal | None:
    """What the guard of a single program says before it hears of the program; None where it is gone already."""
    said, pid = _heard(link)
    while said and not said.endswith(b"\n"):
        more, _ = _heard(link)
        said = said + more if more else b""
    told: dict[str, Any] = json.loads(said or b"{}")
    if "contained_by" in told:
        return GuardLink(socket=link, way=way, pid=pid, cgroup=told["cgroup"])
    return Refusal(why=told["refused"], lasting=told["lasting"]) if told else None
