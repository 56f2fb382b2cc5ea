"""One connection out of a sandbox: what it asks for, whether it may, and the bytes it carries then."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from typing import Final

from orchestrator.runners.egress_request import HEAD_LIMIT, Asked, Destination, NotUnderstood, read_head
from orchestrator.runners.relay import relay
from orchestrator.runners.way_out import Unreachable, WayOut

HEAD_SECONDS: Final = 10.0
_FAREWELL_SECONDS: Final = 1.0
_CHUNK: Final = 65536
_CONNECTED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"

Keep = Callable[[socket.socket], AbstractContextManager[socket.socket]]
"""Closes a socket after the block, and lets others cut it meanwhile."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """`hosts` may be reached, by `way`; `*.example.com` stands for every name that ends so. What people should know is
    told to `tell`."""

    hosts: frozenset[Destination]
    way: WayOut
    keep: Keep
    tell: Callable[[str], None]

    def pass_on(self, client: socket.socket, to: Destination) -> None:
        """Connect `client` to `to`, which the sandbox offers under an address of its own."""
        try:
            outside, early = self.way.tunnel(to)
        except Unreachable as error:
            self.tell(f"the sandbox cannot reach {error}")
            return
        self._join(client, outside, heard=early)

    def proxy(self, client: socket.socket) -> None:
        """Serve one request to a proxy."""
        try:
            head, said = _head(client)
            asked = read_head(head)
            if not self._may_reach(asked.to):
                self.tell(f"the sandbox refused {asked.to}")
                _answer(client, "403 Forbidden", f"the sandbox refused {asked.to}")
                return
            outside, heard = self._opened(asked)
        except NotUnderstood as error:
            _answer(client, "400 Bad Request", f"the sandbox cannot read this request: {error}")
        except Unreachable as error:
            self.tell(f"the sandbox cannot reach {error}")
            _answer(client, "502 Bad Gateway", f"the sandbox cannot reach {error}")
        else:
            self._join(client, outside, heard=heard, said=said)

    def _may_reach(self, to: Destination) -> bool:
        labels = to.host.split(".")
        wider = (replace(to, host=".".join(["*", *labels[start:]])) for start in range(1, len(labels)))
        return to in self.hosts or any(each in self.hosts for each in wider)

    def _opened(self, asked: Asked) -> tuple[socket.socket, bytes]:
        if not asked.tunnel:
            return self.way.request(asked), b""
        outside, early = self.way.tunnel(asked.to)
        return outside, _CONNECTED + early

    def _join(self, client: socket.socket, outside: socket.socket, *, heard: bytes = b"", said: bytes = b"") -> None:
        with self.keep(outside):
            client.sendall(heard)
            outside.sendall(said)
            relay(client, outside)


def _head(client: socket.socket) -> tuple[bytes, bytes]:
    """The head of a request without its empty line, and what came behind it."""
    deadline = time.monotonic() + HEAD_SECONDS
    heard = b""
    while b"\r\n\r\n" not in heard:
        if len(heard) > HEAD_LIMIT:
            raise NotUnderstood(f"its head is longer than {HEAD_LIMIT:,} bytes")
        client.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            chunk = client.recv(_CHUNK)
        except TimeoutError:
            raise NotUnderstood(f"it took longer than {HEAD_SECONDS:g} seconds") from None
        if not chunk:
            raise NotUnderstood("it ends too early")
        heard += chunk
    head, _, rest = heard.partition(b"\r\n\r\n")
    return head, rest


def _answer(client: socket.socket, status: str, text: str) -> None:
    """An answer, and then none to what the client may still be saying: closed too early, it would not see the first."""
    body = f"{text}\n".encode()
    fields = ["Content-Type: text/plain; charset=utf-8", f"Content-Length: {len(body)}", "Connection: close"]
    client.sendall("\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode() + body)
    client.shutdown(socket.SHUT_WR)
    client.settimeout(_FAREWELL_SECONDS)
    deadline = time.monotonic() + _FAREWELL_SECONDS
    with suppress(TimeoutError):
        while client.recv(_CHUNK) and time.monotonic() < deadline:
            pass
