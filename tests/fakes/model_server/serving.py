"""The HTTP server of a scripted model, and all that can go wrong on its wire."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from tests.fakes.model_server import messages, responses
from tests.fakes.model_server.script import Asked, Break, Script, Turn

Event = Mapping[str, Any]


class Wire(Protocol):
    """One interface: how a request is read, and what an answer is, whole or in events."""

    def asked(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> Asked: ...

    def error(self, turn: Turn) -> Event: ...

    def whole(self, asked: Asked, turn: Turn) -> Event: ...

    def opening(self, asked: Asked, turn: Turn) -> Iterator[Event]: ...

    def block(self, asked: Asked, turn: Turn, index: int) -> Iterator[Event]: ...

    def ending(self, asked: Asked, turn: Turn) -> Iterator[Event]: ...

    def failing(self, asked: Asked, turn: Turn) -> Iterator[Event]: ...


WIRES: Mapping[str, Wire] = {messages.PATH: messages, responses.PATH: responses}


@dataclass
class ModelServer:
    """What was asked so far: `asked` are requests for a turn, `others` are all other requests."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)


@contextmanager
def model_server(script: Script) -> Iterator[ModelServer]:
    """Serve until the end of the block; every request runs `script` in a thread of its own."""
    with _Server(("127.0.0.1", 0), _Handler) as http:
        http.script = script
        http.model = ModelServer(url=f"http://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield http.model
        finally:
            http.model.closing.set()
            http.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    script: Script
    model: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An agent that is killed leaves its connections as they are; anything else is a mistake in a test."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_HEAD(self) -> None:
        self.server.model.others.append(f"HEAD {self.path}")
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self._other()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        wire = WIRES.get(self.path.partition("?")[0])
        if wire is None:
            self._other()
            return
        asked = wire.asked(json.loads(body or b"{}"), {name.lower(): value for name, value in self.headers.items()})
        self.server.model.asked.append(asked)
        self.server.model.arrived.set()
        turn = self.server.script(asked)
        try:
            self._answer(wire, asked, turn)
        except ConnectionError:
            self.close_connection = True

    def _answer(self, wire: Wire, asked: Asked, turn: Turn) -> None:
        if turn.breaks is Break.RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        elif turn.status != 200 and not (turn.breaks is Break.ERROR and asked.body.get("stream")):
            self._json(turn.status, wire.error(turn), turn.headers)
        elif asked.body.get("stream"):
            self._stream(wire, asked, turn)
        else:
            self._whole(wire.whole(asked, turn), turn)

    def _other(self) -> None:
        self.server.model.others.append(f"{self.command} {self.path}")
        self._json(404, {"error": {"type": "not_found_error", "message": f"no {self.path} here"}}, {})

    def _whole(self, content: Event, turn: Turn) -> None:
        if turn.stall or turn.breaks in (Break.SILENT, Break.HALFWAY):
            self.server.model.closing.wait()
        self._json(200, content, turn.headers, cut=turn.breaks is Break.CUT)

    def _json(self, status: int, content: Event, headers: Mapping[str, str], *, cut: bool = False) -> None:
        answer = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(answer)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer[: len(answer) // 2] if cut else answer)
        self.close_connection |= cut

    def _stream(self, wire: Wire, asked: Asked, turn: Turn) -> None:
        self.send_response(200)
        for name, value in {"content-type": "text/event-stream", "connection": "close", **turn.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        for event in _events(wire, asked, turn):
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
            if turn.pause:
                self.server.model.closing.wait(turn.pause)
        if turn.stall or turn.breaks in (Break.SILENT, Break.HALFWAY):
            self.server.model.closing.wait()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are kept, not printed."""


def _events(wire: Wire, asked: Asked, turn: Turn) -> Iterator[Event]:
    """All that is sent; a turn that breaks ends early."""
    if turn.breaks is Break.SILENT:
        return
    yield from wire.opening(asked, turn)
    for index in range(len(turn.blocks)):
        events = list(wire.block(asked, turn, index))
        halved = turn.breaks in (Break.HALFWAY, Break.CUT) and index == len(turn.blocks) - 1
        yield from events[: len(events) // 2] if halved else events
    if turn.breaks is Break.ERROR:
        yield from wire.failing(asked, turn)
    elif not turn.stall and turn.breaks is None:
        yield from wire.ending(asked, turn)
