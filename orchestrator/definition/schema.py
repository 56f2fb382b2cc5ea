"""The JSON Schema of a workflow file, made of the tables that read one."""

from __future__ import annotations

from orchestrator.definition.keys import WORKFLOW_KEYS
from orchestrator.definition.model import JsonValue
from orchestrator.definition.shapes import keys_schema


def json_schema() -> dict[str, JsonValue]:
    """A draft 2020-12 schema, for editors.

    It knows every key, type and choice; what takes more than one place to see (cycles, unknown needs, expressions)
    only `mycelium validate` reports.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Mycelium workflow",
        "description": "A graph of agents, commands, approvals and merges.",
        **keys_schema(WORKFLOW_KEYS),
    }
