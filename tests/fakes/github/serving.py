"""The HTTP server on loopback: the REST API, and git's own protocol beside it."""

from __future__ import annotations

import socket
import struct
import sys
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.fakes.github import exchange, smart_http
from tests.fakes.github.exchange import Sent
from tests.fakes.github.faults import Wire

if TYPE_CHECKING:
    from tests.fakes.github.standin import GitHubStandIn


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    hub: GitHubStandIn

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections: set[socket.socket] = set()

    def server_close(self) -> None:
        """With the connections that clients keep open, whose threads would wait for more."""
        super().server_close()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes leaves its connections as they are; anything else is a mistake in the stand-in."""
        if not isinstance(sys.exception(), ConnectionError):
            self.hub.violations.append(f"the stand-in failed: {sys.exception()!r}")
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection; requests on it follow each other."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "github.com"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        hub = self.server.hub
        body = self._body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        if smart_http.is_git(self.path):
            self._send(smart_http.answer(hub, self.command, self.path, headers, body))
            return
        with hub.counted():
            self._send(exchange.answer(hub, self.command, self.path, headers, body))

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _send(self, sent: Sent) -> None:
        if sent.held is not None:
            sent.held.wait()
        if sent.wire in (Wire.RESET, Wire.SILENT):
            self._break()
            return
        self.send_response_only(sent.status)
        self.send_header("Server", "github.com")
        self.send_header("Date", formatdate(self.server.hub.now().timestamp(), usegmt=True))
        for name, value in sent.headers.items():
            self.send_header(name, value)
        if sent.status not in (204, 304):
            self.send_header("Content-Length", str(len(sent.body)))
        self.end_headers()
        if sent.wire is Wire.CUT:
            self.wfile.write(sent.body[: len(sent.body) // 2])
            self.wfile.flush()
            self._break()
            return
        self.wfile.write(sent.body)

    def _break(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
