"""Whether a transcript still answers what is asked."""

from __future__ import annotations

import hashlib
from typing import Final

from orchestrator.lifecycle.ports.runner import AgentTask
from orchestrator.runners.transcript import Transcript

_PARTS: Final = {
    "prompt": "the prompt",
    "agent": "the agent's definition",
    "answer": "the `answer`",
    "tools": "the `tools`",
    "mcp": "the MCP servers",
    "findings": "what its predecessors found",
    "conflicts": "what conflicts",
}


def staleness(transcript: Transcript, action: AgentTask) -> str:
    """What has changed since it was made, as a sentence; empty where nothing has, or nobody can say and need not."""
    changed = _changed(transcript, action)
    if changed:
        has = "has" if len(changed) == 1 else "have"
        return f"{' and '.join(changed)} {has} changed since the transcript was made"
    strict = transcript.strict or action.strict
    if strict and not transcript.prompt_sha256 and not transcript.fingerprint:
        return "the transcript does not say for what it was made"
    return ""


def _changed(transcript: Transcript, action: AgentTask) -> list[str]:
    made, asked = transcript.fingerprint, action.fingerprint
    parts = [part for part in dict.fromkeys([*asked, *made]) if made.get(part) != asked.get(part)] if made else []
    whole = transcript.prompt_sha256
    if whole and whole != hashlib.sha256(action.prompt.encode()).hexdigest() and "prompt" not in parts:
        parts = ["prompt", *parts]
    return [_PARTS.get(part, f"the part `{part}`") for part in parts]
