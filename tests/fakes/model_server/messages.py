"""Anthropic's Messages API, streamed: https://docs.anthropic.com/en/api/messages-streaming."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.fakes.model_server.script import Asked, Block, Turn, number, pieces

PATH = "/v1/messages"
_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


def asked(body: Mapping[str, Any], headers: Mapping[str, str]) -> Asked:
    messages = body.get("messages") or [{}]
    last = messages[-1].get("content")
    return Asked(
        body=body,
        headers=headers,
        tools=[str(tool.get("name")) for tool in body.get("tools", ())],
        system=_text(body.get("system")),
        prompt=_text(messages[0].get("content")),
        turn=sum(message.get("role") == "assistant" for message in messages),
        results=[block for block in last if block.get("type") == "tool_result"] if isinstance(last, list) else [],
    )


def error(turn: Turn) -> Mapping[str, Any]:
    kind = _ERRORS.get(turn.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": f"scripted {turn.status}"}}


def whole(asked: Asked, turn: Turn) -> Mapping[str, Any]:
    """The answer to a request that wants no stream, as Claude Code makes after a stream that broke."""
    usage = {"input_tokens": turn.input_tokens, "output_tokens": turn.output_tokens}
    return {**_message(asked, turn), "content": list(turn.blocks), "stop_reason": _reason(turn), "usage": usage}


def opening(asked: Asked, turn: Turn) -> Iterator[Mapping[str, Any]]:
    yield {"type": "message_start", "message": _message(asked, turn)}


def block(asked: Asked, turn: Turn, index: int) -> Iterator[Mapping[str, Any]]:
    given = turn.blocks[index]
    if given["type"] == "text":
        empty: Block = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": piece} for piece in pieces(given["text"], turn)]
    else:
        empty = {**given, "input": {}}
        written = json.dumps(given["input"])
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces(written, turn)]
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def ending(asked: Asked, turn: Turn) -> Iterator[Mapping[str, Any]]:
    delta = {"stop_reason": _reason(turn), "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": turn.output_tokens}}
    yield {"type": "message_stop"}


def failing(asked: Asked, turn: Turn) -> Iterator[Mapping[str, Any]]:
    yield error(turn)


def _message(asked: Asked, turn: Turn) -> dict[str, Any]:
    """A message that has only begun."""
    cached = {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    return {
        "id": number("msg"),
        "type": "message",
        "role": "assistant",
        "model": asked.body.get("model"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": turn.input_tokens, "output_tokens": 1, **cached},
    }


def _reason(turn: Turn) -> str:
    calls = any(block["type"] == "tool_use" for block in turn.blocks)
    return turn.stop_reason or ("tool_use" if calls else "end_turn")


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(str(block.get("text", "")) for block in blocks if isinstance(block, dict))
