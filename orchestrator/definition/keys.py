"""The keys at the top of a workflow file."""

from __future__ import annotations

from orchestrator.definition.budget_keys import BUDGET
from orchestrator.definition.checks_keys import CHECKS
from orchestrator.definition.inputs import INPUTS
from orchestrator.definition.node_keys import DEFAULTS, nodes_schema
from orchestrator.definition.publish_keys import PUBLISH
from orchestrator.definition.reader import Key, Keys, Shape
from orchestrator.definition.shapes import ENVIRONMENT, LITERAL, listed
from orchestrator.definition.triggers import ON
from orchestrator.definition.trust_keys import CONCURRENCY, TRUST

WORKFLOW_KEYS = Keys(
    place="a workflow",
    keys={
        "name": Key(shape=LITERAL, description="A title for people; the file's id without it"),
        "description": Key(shape=LITERAL, description="What the workflow is for"),
        "category": Key(shape=LITERAL, description="The heading it is listed under"),
        "tags": Key(shape=listed(LITERAL, distinct=True), description="Words to find it by"),
        "on": Key(shape=ON, description="The events that start it"),
        "inputs": Key(shape=INPUTS, description="Its typed parameters"),
        "env": Key(shape=ENVIRONMENT, description="Environment variables of every node"),
        "budget": Key(shape=BUDGET, description="What all agents of an execution may use together"),
        "checks": Key(shape=CHECKS, description="How its check runs tell what became of nodes"),
        "trust": Key(shape=TRUST, description="Who may start it"),
        "concurrency": Key(shape=CONCURRENCY, description="What of it runs at the same time: a group, or a map"),
        "defaults": Key(shape=DEFAULTS, description="What nodes have that do not say otherwise"),
        # The nodes are read after `defaults`, wherever that stands in the file.
        "nodes": Key(
            shape=Shape(read=lambda value, _: value, schema=nodes_schema()),
            description="The nodes of the graph, by id",
            required=True,
        ),
        "publish": Key(shape=PUBLISH, description="What leaves Mycelium at the end, and nothing else does"),
    },
    later=frozenset(
        {
            *("layout", "on-failure", "on-completion", "secrets", "permissions", "run-name", "mcp"),
        }
    ),
    hints={
        "jobs": "write `nodes`",
        "steps": "write `nodes`",
        "workflow_dispatch": "write it under `on`",
        "sandbox": "write it under `defaults`",
    },
)
