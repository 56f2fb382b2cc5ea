"""A model behind Anthropic's Messages API on loopback, whose every turn a function decides."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

Block = Mapping[str, Any]

_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
_numbers = count(1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What the model says next: content blocks, or an error's status. A turn that stalls sends the blocks and then
    nothing more, with the connection open, until the server is closed."""

    blocks: Sequence[Block] = ()
    status: int = 200
    stall: bool = False
    stop_reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One request for a turn, with its headers in lower case."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def tools(self) -> list[str]:
        return [str(tool.get("name")) for tool in self.body.get("tools", ())]

    @property
    def system(self) -> str:
        return _text(self.body.get("system"))

    @property
    def prompt(self) -> str:
        """Everything the first message says."""
        messages = self.body.get("messages") or [{}]
        return _text(messages[0].get("content"))

    @property
    def turn(self) -> int:
        """How many turns the model has had in this conversation."""
        return sum(message.get("role") == "assistant" for message in self.body.get("messages", ()))

    @property
    def results(self) -> list[Block]:
        """The tool results of the last message."""
        content = (self.body.get("messages") or [{}])[-1].get("content")
        return [block for block in content if block.get("type") == "tool_result"] if isinstance(content, list) else []


Script = Callable[[Asked], Turn]


def say(*blocks: Block | str) -> Turn:
    """A turn of texts and tool calls."""
    return Turn(blocks=[{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks])


def call(name: str, **given: Any) -> Block:
    """A tool call."""
    return {"type": "tool_use", "id": f"toolu_{next(_numbers):06}", "name": name, "input": given}


def turns(*scripted: Turn) -> Script:
    """One turn after the other, by how many the conversation has had; the last one stays."""
    return lambda asked: scripted[min(asked.turn, len(scripted) - 1)]


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
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as http:
        http.daemon_threads = True
        http.script = script  # type: ignore[attr-defined]
        http.model = ModelServer(url=f"http://127.0.0.1:{http.server_port}")  # type: ignore[attr-defined]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield http.model  # type: ignore[attr-defined]
        finally:
            http.model.closing.set()  # type: ignore[attr-defined]
            http.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_HEAD(self) -> None:
        self.server.model.others.append(f"HEAD {self.path}")
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.model.others.append(f"GET {self.path}")
        self._error(404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        if self.path.partition("?")[0] != "/v1/messages":
            self.server.model.others.append(f"POST {self.path}")
            self._error(404)
            return
        asked = Asked(body=body, headers={name.lower(): value for name, value in self.headers.items()})
        self.server.model.asked.append(asked)
        self.server.model.arrived.set()
        turn = self.server.script(asked)
        try:
            self._error(turn.status) if turn.status != 200 else self._stream(asked, turn)
        except ConnectionError:
            self.close_connection = True

    def _error(self, status: int) -> None:
        kind = _ERRORS.get(status, "not_found_error")
        answer = json.dumps({"type": "error", "error": {"type": kind, "message": f"scripted {status}"}}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _stream(self, asked: Asked, turn: Turn) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        for event in _opening(str(asked.body.get("model")), turn):
            self._send(event)
        if turn.stall:
            self.server.model.closing.wait()
            return
        calls = any(block["type"] == "tool_use" for block in turn.blocks)
        reason = turn.stop_reason or ("tool_use" if calls else "end_turn")
        delta = {"stop_reason": reason, "stop_sequence": None}
        self._send({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 20}})
        self._send({"type": "message_stop"})

    def _send(self, event: Mapping[str, Any]) -> None:
        self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are kept, not printed."""


def _opening(model: str, turn: Turn) -> Iterator[Mapping[str, Any]]:
    usage = {"input_tokens": 100, "output_tokens": 1, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    message: Mapping[str, Any] = {
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }
    number = f"msg_{next(_numbers):06}"
    yield {"type": "message_start", "message": {"id": number, "model": model, "usage": usage, **message}}
    for index, block in enumerate(turn.blocks):
        is_text = block["type"] == "text"
        empty = {"type": "text", "text": ""} if is_text else {**block, "input": {}}
        delta = (
            {"type": "text_delta", "text": block["text"]}
            if is_text
            else {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        )
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(str(block.get("text", "")) for block in blocks if isinstance(block, dict))
