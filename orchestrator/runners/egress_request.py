"""What a confined program asks the proxy for: the first bytes of a connection, read strictly.

A connection is for one destination from its first line on, so nothing after the head is ever read as a request.
https://www.rfc-editor.org/rfc/rfc9112.html, https://www.rfc-editor.org/rfc/rfc9110.html#CONNECT
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

HEAD_LIMIT: Final = 16_384
_HOST: Final = r"(?P<host>[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])"
_TUNNEL: Final = re.compile(rf"CONNECT {_HOST}:(?P<port>[0-9]{{1,5}}) HTTP/1\.[01]")
_PLAIN: Final = re.compile(
    rf"(?P<method>[A-Z]+) [hH][tT][tT][pP]://{_HOST}(?::(?P<port>[0-9]{{1,5}}))?(?P<path>[/?][!-~]*)? HTTP/1\.[01]"
)
_FIELD: Final = re.compile(r"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):(?P<value>[\t -~\x80-\xff]*)")
_OURS: Final = frozenset(
    {"host", "connection", "keep-alive", "proxy-connection", "proxy-authorization", "upgrade", "te"}
)
"""Fields that are between the program and the proxy, and `Host`, which the address decides."""


class NotUnderstood(Exception):
    """Not a request that a proxy takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """A name or address in lower case, without brackets, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """`tunnel`: bytes go both ways as they are. Otherwise `method`, `path` and `fields` are what the server is sent."""

    to: Destination
    tunnel: bool
    method: str = ""
    path: str = ""
    fields: tuple[str, ...] = ()

    def head(self, *, by_proxy: str | None = None) -> bytes:
        """The request's head, for the server, or for the next proxy with a field of its own (perhaps an empty one)."""
        target = self.path if by_proxy is None else f"http://{self.to}{self.path}"
        port = "" if self.to.port == 80 else f":{self.to.port}"
        host = f"[{self.to.host}]" if ":" in self.to.host else self.to.host
        lines = [f"{self.method} {target} HTTP/1.1", f"Host: {host}{port}", *self.fields, "Connection: close"]
        return "".join(f"{line}\r\n" for line in [*lines, *([by_proxy] if by_proxy else []), ""]).encode("latin-1")


def read_head(head: bytes) -> Asked:
    """What the head of a request (without its last, empty line) asks for. Raises `NotUnderstood`."""
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = tuple(_fields(lines))
    if found := _TUNNEL.fullmatch(first):
        return Asked(to=_destination(found["host"], found["port"]), tunnel=True)
    if found := _PLAIN.fullmatch(first):
        path = found["path"] or "/"
        return Asked(
            to=_destination(found["host"], found["port"] or "80"),
            tunnel=False,
            method=found["method"],
            path=path if path.startswith("/") else f"/{path}",
            fields=fields,
        )
    raise NotUnderstood("it is neither CONNECT nor a request with an http:// address")


def _destination(host: str, port: str) -> Destination:
    if not 0 < int(port) < 65536:
        raise NotUnderstood("there is no such port")
    return Destination(host=host.strip("[]").lower(), port=int(port))


def _fields(lines: list[str]) -> Iterator[str]:
    for line in lines:
        found = _FIELD.fullmatch(line)
        if not found:
            raise NotUnderstood("one of its header lines is none")
        if found["name"].lower() not in _OURS:
            yield line
