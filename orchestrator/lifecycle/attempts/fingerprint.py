"""What an agent is asked, as hashes by part, so that a transcript can be told from one that answers something else.

The prompt as a whole names the folder and the execution's number and is never the same twice. What the workflow's
author, the agent's author and the predecessors say is the same as long as nobody changed it. Secrets are masked before:
no hash can be searched for them, and another value of a secret is no other question.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256

from orchestrator.definition.model import Agent, AgentDefinition, JsonValue, Merge
from orchestrator.lifecycle.attempts.attempt import Attempt
from orchestrator.lifecycle.attempts.findings import Finding

Fingerprint = Mapping[str, str]
"""sha256 (hex) by the name of the part."""


def of_agent(attempt: Attempt, action: Agent, definition: AgentDefinition, found: Sequence[Finding]) -> Fingerprint:
    """What an agent node asks."""
    parts: dict[str, JsonValue] = {
        "prompt": attempt.text(action.prompt),
        "agent": _agent(definition),
        "answer": action.answer,
        "tools": [list(action.tools)] if action.tools is not None else None,
        "mcp": list(action.mcp),
        "findings": [[each.key, each.result.value, each.text] for each in found],
    }
    return _hashes(attempt, parts)


def of_resolver(attempt: Attempt, action: Merge, definition: AgentDefinition, conflicts: Sequence[str]) -> Fingerprint:
    """What the resolver of a merge is asked."""
    parts: dict[str, JsonValue] = {
        "prompt": attempt.text(action.prompt),
        "agent": _agent(definition),
        "conflicts": list(conflicts),
    }
    return _hashes(attempt, parts)


def _agent(definition: AgentDefinition) -> JsonValue:
    tools: JsonValue = list(definition.tools) if definition.tools is not None else None
    return [definition.id, definition.description, definition.prompt, tools]


def _hashes(attempt: Attempt, parts: Mapping[str, JsonValue]) -> Fingerprint:
    asked = {name: part for name, part in parts.items() if part not in (None, "", [])}
    texts = {name: json.dumps(attempt.mask.json(part), sort_keys=True) for name, part in asked.items()}
    return {name: sha256(text.encode()).hexdigest() for name, text in texts.items()}
