"""What a scripted model says, and what it was asked, whatever the interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any

Block = Mapping[str, Any]
"""A text or a tool call, as Anthropic's Messages API writes them."""

_numbers = count(1)


class Break(StrEnum):
    """How a turn goes wrong on its way."""

    SILENT = "silent"
    """The headers, and nothing more, with the connection open until the server is closed."""
    HALFWAY = "halfway"
    """Nothing more in the middle of the last block, with the connection open."""
    CUT = "cut"
    """The connection ends in the middle of the last block."""
    RESET = "reset"
    """The connection is reset before anything was answered."""
    ERROR = "error"
    """After the blocks an error of the turn's `status` in the stream, which began as a success."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What the model says next: content blocks, or an error's `status` with `headers` such as `retry-after`.

    A turn that stalls sends the blocks and then nothing more, with the connection open, until the server is closed.
    Each block is sent in `pieces`, and `pause` is the seconds between two events.
    """

    blocks: Sequence[Block] = ()
    status: int = 200
    stall: bool = False
    stop_reason: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    breaks: Break | None = None
    pieces: int = 1
    pause: float = 0.0
    input_tokens: int = 100
    output_tokens: int = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One request for a turn, with its headers in lower case.

    `tools` are the names the model may call, `freeform` those of them that take plain text. `prompt` is what the
    person says, `turn` how many turns the model has had in this conversation, `results` what its last calls gave.
    """

    body: Mapping[str, Any]
    headers: Mapping[str, str]
    tools: Sequence[str] = ()
    freeform: Sequence[str] = ()
    system: str = ""
    prompt: str = ""
    turn: int = 0
    results: Sequence[Block] = ()


Script = Callable[[Asked], Turn]


def say(*blocks: Block | str) -> Turn:
    """A turn of texts and tool calls."""
    return Turn(blocks=[{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks])


def call(name: str, /, **given: Any) -> Block:
    """A tool call. A tool that takes plain text gets it as `input`."""
    return {"type": "tool_use", "id": number("toolu"), "name": name, "input": given}


def flood(megabytes: int) -> Turn:
    """A turn of one text that is far too long, in lines."""
    line = "This line says nothing that the other lines of this flood do not say as well, over and over.\n"
    return Turn(blocks=[{"type": "text", "text": line * (megabytes * 1_000_000 // len(line))}], pieces=100 * megabytes)


def turns(*scripted: Turn) -> Script:
    """One turn after the other, by how many the conversation has had; the last one stays."""
    return lambda asked: scripted[min(asked.turn, len(scripted) - 1)]


def number(kind: str) -> str:
    """An id that no other thing has."""
    return f"{kind}_{next(_numbers):06}"


def pieces(text: str, turn: Turn) -> list[str]:
    """`text` in as many parts as the turn wants; one at least."""
    length = max(1, -(-len(text) // turn.pieces))
    return [text[start : start + length] for start in range(0, len(text), length)] or [""]
