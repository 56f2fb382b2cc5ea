"""How the worker itself reaches a destination: directly, or through the proxy that its environment names."""

from __future__ import annotations

import base64
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from orchestrator.runners.egress_request import HEAD_LIMIT, Asked, Destination

CONNECT_SECONDS: Final = 30.0
_CHUNK: Final = 65536
_PROXIES: Final = {"http": ("http_proxy", "HTTP_PROXY"), "https": ("https_proxy", "HTTPS_PROXY")}
_ANY: Final = ("all_proxy", "ALL_PROXY")
_NONE: Final = ("no_proxy", "NO_PROXY")
PROXY_VARIABLES: Final = (*(name for names in _PROXIES.values() for name in names), *_ANY, *_NONE)


class Unreachable(Exception):
    """A destination cannot be reached; says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proxy:
    """The proxy on the way; `authorization` is a whole header line, or empty."""

    host: str
    port: int
    authorization: str = ""


class WayOut:
    """Opens connections as a program with this environment would that knows `HTTPS_PROXY` and its kin."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def tunnel(self, to: Destination) -> tuple[socket.socket, bytes]:
        """A connection to `to`, and what came from there already. Raises `Unreachable`."""
        proxy = self._proxy(to, "https")
        if proxy is None:
            return _connected(to.host, to.port), b""
        link = _connected(proxy.host, proxy.port)
        try:
            return link, _ask_through(link, to, proxy)
        except OSError as error:
            link.close()
            raise Unreachable(f"the proxy {proxy.host}:{proxy.port} hung up: {error}") from error
        except Unreachable:
            link.close()
            raise

    def request(self, asked: Asked) -> socket.socket:
        """A connection on which the head of a plain request has been sent. Raises `Unreachable`, `OSError`."""
        proxy = self._proxy(asked.to, "http")
        link = _connected(proxy.host, proxy.port) if proxy else _connected(asked.to.host, asked.to.port)
        try:
            link.sendall(asked.head(by_proxy=proxy.authorization if proxy else None))
        except OSError:
            link.close()
            raise
        return link

    def _proxy(self, to: Destination, kind: str) -> Proxy | None:
        address = self._first(*_PROXIES[kind], *_ANY)
        if not address or is_loopback(to.host) or self._spared(to.host):
            return None
        return _parsed(address)

    def _spared(self, host: str) -> bool:
        names = self._first(*_NONE)
        if not names:
            return False
        from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

        return bool(proxy_bypass_environment(host, {"no": names}))

    def _first(self, *names: str) -> str:
        return next((self._env[name] for name in names if self._env.get(name)), "")


def is_loopback(host: str) -> bool:
    """Whether a name or address means the machine itself, by its looks alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _parsed(address: str) -> Proxy:
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if parts.scheme != "http" or not parts.hostname:
        raise Unreachable(f"a proxy with an address that begins with {parts.scheme}:// is not supported")
    authorization = ""
    if parts.username is not None:
        word = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Proxy-Authorization: Basic {base64.b64encode(word.encode()).decode()}"
    return Proxy(host=parts.hostname, port=parts.port or 80, authorization=authorization)


def _connected(host: str, port: int) -> socket.socket:
    try:
        link = socket.create_connection((host, port), timeout=CONNECT_SECONDS)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host}:{port}: {error}") from error
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def _ask_through(link: socket.socket, to: Destination, proxy: Proxy) -> bytes:
    """Have the proxy connect `link` to `to`; what came from there already."""
    lines = [f"CONNECT {to} HTTP/1.1", f"Host: {to}", *([proxy.authorization] if proxy.authorization else []), "", ""]
    link.sendall("\r\n".join(lines).encode())
    heard = b""
    while b"\r\n\r\n" not in heard:
        chunk = link.recv(_CHUNK)
        if not chunk or len(heard) > HEAD_LIMIT:
            raise Unreachable(f"the proxy {proxy.host}:{proxy.port} gave no answer")
        heard += chunk
    head, _, early = heard.partition(b"\r\n\r\n")
    status = head.partition(b"\r\n")[0].decode("latin-1")
    if status.split(" ")[1:2] != ["200"]:
        raise Unreachable(f"the proxy {proxy.host}:{proxy.port} answered {status!r}")
    return early
