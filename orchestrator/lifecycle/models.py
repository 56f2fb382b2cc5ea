"""Which model an agent was asked to work with."""

from __future__ import annotations

from typing import Final

from orchestrator.definition.model import AgentDefinition

_OF_CLAUDE_CODE: Final = ("claude", "replay")


def asked_model(engine: str, model: str | None, definition: AgentDefinition | None) -> str:
    """The node's own, else the agent's: an agent file names models of Claude Code, which no other engine is told."""
    if model or definition is None or engine not in _OF_CLAUDE_CODE:
        return model or ""
    return definition.model or ""
