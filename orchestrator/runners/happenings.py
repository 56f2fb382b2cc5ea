"""What the program of an agent reports while it works, decoded by its engine and alike for all of them."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.definition.model import JsonValue
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """The program is at work. `failed_servers` are the MCP servers that it could not reach."""

    program: str
    model: str
    failed_servers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """The agent's words; `nested` where a sub-agent said them."""

    text: str
    nested: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Called:
    """A tool call. `input` is as the model gave it; `id` names the call."""

    id: str
    name: str
    input: JsonValue = None
    nested: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Returned:
    """What a tool call gave; `failed` where it was refused or went wrong."""

    id: str
    output: str
    failed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Noted:
    """A remark of the program itself, or a line of it that is no event. `stream` is where it came from."""

    text: str
    level: Level = Level.INFO
    stream: str = "mycelium"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What this call of the program has used so far, as far as it tells; the ending has the figures that count."""

    usage: Usage


Happening = Started | Said | Called | Returned | Noted | Spent
