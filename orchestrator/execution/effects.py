"""What must happen because a state changed: written in the same transaction, performed after it, safe to repeat."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.definition.model import JsonValue


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One row of the outbox: a `kind` that `lifecycle/perform.py` knows, and plain JSON for it."""

    kind: str
    payload: dict[str, JsonValue] = field(default_factory=dict)
