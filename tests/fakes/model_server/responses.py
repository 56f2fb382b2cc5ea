"""OpenAI's Responses API, streamed: https://platform.openai.com/docs/api-reference/responses-streaming."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from tests.fakes.model_server.script import Asked, Block, Turn, number, pieces

PATH = "/v1/responses"
_ERRORS = {
    400: ("invalid_request_error", "invalid_prompt"),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", "server_error"),
    503: ("server_error", "server_is_overloaded"),
}
_RESULTS = ("function_call_output", "custom_tool_call_output")
_UNLISTED = ("apply_patch", "exec")
"""What Codex takes as plain text without having said so: its newest models reach it from within another tool."""
Item = Mapping[str, Any]


def asked(body: Mapping[str, Any], headers: Mapping[str, str]) -> Asked:
    items: Sequence[Item] = body.get("input") or ()
    tools = list(_flat([*body.get("tools", ()), *(tool for item in items for tool in item.get("tools", ()))]))
    runs = [list(run) for of_model, run in groupby(items, _of_model) if of_model]
    last = items.index(runs[-1][-1]) if runs else -1
    return Asked(
        body=body,
        headers=headers,
        tools=[str(tool.get("name") or tool.get("type")) for tool in tools],
        freeform=[str(tool.get("name")) for tool in tools if tool.get("type") == "custom"],
        system="\n".join([str(body.get("instructions") or ""), *_texts(items, "developer")]),
        prompt="\n".join(_texts(items, "user")),
        turn=len(runs),
        results=[item for item in items[last + 1 :] if item.get("type") in _RESULTS],
    )


def error(turn: Turn) -> Mapping[str, Any]:
    kind, code = _ERRORS.get(turn.status, ("server_error", None))
    return {"error": {"type": kind, "code": code, "message": f"scripted {turn.status}", "param": None}}


def whole(asked: Asked, turn: Turn) -> Mapping[str, Any]:
    output = [_item(asked, turn, given)[0] for given in turn.blocks]
    return {**_response(asked, "completed"), "output": output, "usage": _usage(turn)}


def opening(asked: Asked, turn: Turn) -> Iterator[Mapping[str, Any]]:
    yield {"type": "response.created", "response": _response(asked, "in_progress")}


def block(asked: Asked, turn: Turn, index: int) -> Iterator[Mapping[str, Any]]:
    item, delta, text = _item(asked, turn, turn.blocks[index])
    begun = {**item, "content": []} if "content" in item else item
    yield {"type": "response.output_item.added", "output_index": index, "item": {**begun, "status": "in_progress"}}
    for piece in pieces(text, turn):
        place = {"item_id": item["id"], "output_index": index, "content_index": 0}
        yield {"type": f"response.{delta}.delta", **place, "delta": piece}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def ending(asked: Asked, turn: Turn) -> Iterator[Mapping[str, Any]]:
    if turn.stop_reason in ("max_tokens", "refusal"):
        reason = "content_filter" if turn.stop_reason == "refusal" else "max_output_tokens"
        details = {"incomplete_details": {"reason": reason}}
        yield {"type": "response.incomplete", "response": {**_response(asked, "incomplete"), **details}}
        return
    yield {"type": "response.completed", "response": {**_response(asked, "completed"), "usage": _usage(turn)}}


def failing(asked: Asked, turn: Turn) -> Iterator[Mapping[str, Any]]:
    yield {"type": "response.failed", "response": {**_response(asked, "failed"), **error(turn)}}


def _response(asked: Asked, status: str) -> dict[str, Any]:
    return {"id": number("resp"), "object": "response", "status": status, "model": asked.body.get("model")}


def _usage(turn: Turn) -> Mapping[str, Any]:
    return {
        "input_tokens": turn.input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": turn.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": turn.input_tokens + turn.output_tokens,
    }


def _item(asked: Asked, turn: Turn, given: Block) -> tuple[Item, str, str]:
    """The output item of a block, the name of what its deltas add to, and all that they add."""
    done = {"id": number("item"), "status": "completed"}
    if given["type"] == "text":
        content = [{"type": "output_text", "text": given["text"], "annotations": []}]
        return {**done, "type": "message", "role": "assistant", "content": content}, "output_text", given["text"]
    space, _, name = given["name"].rpartition("__")
    named = {"namespace": space, "name": name} if space.startswith("mcp__") else {"name": given["name"]}
    called = {**done, "call_id": given["id"], **named}
    if given["name"] in (*asked.freeform, *_UNLISTED):
        text = str(given["input"].get("input", ""))
        return {**called, "type": "custom_tool_call", "input": text}, "custom_tool_call_input", text
    written = json.dumps(given["input"])
    return {**called, "type": "function_call", "arguments": written}, "function_call_arguments", written


def _of_model(item: Item) -> bool:
    kind = item.get("type", "message")
    return item.get("role") == "assistant" if kind == "message" else kind.endswith("_call") or kind == "reasoning"


def _flat(tools: Iterable[Item]) -> Iterator[Item]:
    for tool in tools:
        yield from _flat(tool["tools"]) if tool.get("type") == "namespace" else [tool]


def _texts(items: Sequence[Item], role: str) -> Iterator[str]:
    for item in items:
        if item.get("role") == role and item.get("type", "message") == "message":
            content = item.get("content")
            parts = content if isinstance(content, list) else [{"text": content}]
            yield from (str(part.get("text", "")) for part in parts)
