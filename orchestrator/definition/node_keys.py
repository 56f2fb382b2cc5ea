"""The keys of a node and of `defaults`: what each one is for, and which kinds of node take it."""

from __future__ import annotations

from orchestrator.definition.answer import ANSWER
from orchestrator.definition.budget_keys import BUDGET
from orchestrator.definition.matrix_keys import STRATEGY
from orchestrator.definition.model import (
    ContextMode,
    JsonValue,
    NodeKind,
)
from orchestrator.definition.node_shapes import (
    AGENT_NAME,
    APPROVAL,
    CONDITION,
    ENGINE,
    MCP,
    MINUTES,
    NEEDS,
    PRIORITY,
    QUEUE,
    RETRY,
    SANDBOX,
    TOOLS,
    WORKSPACE,
    Defaults,
)
from orchestrator.definition.reader import Key, Keys
from orchestrator.definition.shapes import (
    BOOLEAN,
    ENVIRONMENT,
    NAME,
    OUTPUTS,
    TEMPLATE,
    TEXT,
    keyed,
    keys_schema,
    listed,
    member,
    number,
)

MAX_NODES = 10_000

_ENGINE_KEY = Key(shape=ENGINE, description="The program that runs the agent: claude (default), codex or replay")
_MODEL_KEY = Key(shape=TEMPLATE, description="The engine's model; the agent's or the engine's own without it")
_TIMEOUT_KEY = Key(shape=MINUTES, description="Minutes until an attempt is stopped; 30 without it")
_RETRY_KEY = Key(shape=RETRY, description="How many attempts in total, or when and how to try again")
_WORKSPACE_KEY = Key(shape=WORKSPACE, description="none, read (default) or write: then changes are committed")
_SANDBOX_KEY = Key(
    shape=SANDBOX, description="Where the agent's program runs: bwrap, none, or auto (default): bwrap where it works"
)
_BUDGET_KEY = Key(shape=BUDGET, description="What one run may use, all its attempts together")
_QUEUE_KEY = Key(shape=QUEUE, description="The workers that may take it; default without it")

_MCP_KEY = Key(shape=MCP, description="The MCP servers that agents are given: redis, or names of mycelium.yaml")

DEFAULT_KEYS = Keys(
    place="`defaults`",
    keys={
        "engine": _ENGINE_KEY,
        "model": _MODEL_KEY,
        "timeout-minutes": _TIMEOUT_KEY,
        "retry": _RETRY_KEY,
        "workspace": _WORKSPACE_KEY,
        "queue": _QUEUE_KEY,
        "mcp": _MCP_KEY,
        "sandbox": _SANDBOX_KEY,
        "budget": _BUDGET_KEY,
    },
    later=frozenset({"run"}),
)
DEFAULTS = keyed(
    DEFAULT_KEYS,
    lambda keys, *_: Defaults(**{name.replace("-", "_"): read for name, read in keys.items()}),
)

NODE_KEYS = Keys(
    place="a node",
    keys={
        "name": Key(shape=TEXT, description="A title for people; the node's id without it"),
        "needs": Key(shape=NEEDS, description="The nodes before it: a name, a list, or a map with edge conditions"),
        "if": Key(shape=CONDITION, description="Runs only where this expression is true; `${{ }}` may be left out"),
        "run": Key(shape=TEMPLATE, description="A shell command (bash -eo pipefail)"),
        "agent": Key(shape=AGENT_NAME, description="The agent that works on `prompt`"),
        "merge": Key(shape=listed(NAME, distinct=True), description="The nodes whose commits are integrated, in order"),
        "approval": Key(shape=APPROVAL, description="A person decides: the question, or a map"),
        "strategy": Key(shape=STRATEGY, description="`matrix`: one node run for each combination"),
        "env": Key(shape=ENVIRONMENT, description="Environment variables"),
        "retry": _RETRY_KEY,
        "timeout-minutes": _TIMEOUT_KEY,
        "continue-on-error": Key(shape=BOOLEAN, description="Whether a failure counts as success for what follows"),
        "outputs": Key(shape=OUTPUTS, description="More outputs, made of the node's own (`outputs.NAME`)"),
        "artifacts": Key(shape=listed(TEXT), description="Files of the workspace to keep; patterns are allowed"),
        "queue": _QUEUE_KEY,
        "priority": Key(shape=PRIORITY, description="Higher runs first; 0 without it"),
        "workspace": _WORKSPACE_KEY,
        "context": Key(shape=member(ContextMode, what="context"), description="none: no findings of the nodes before"),
        "answer": Key(shape=ANSWER, description="The JSON Schema of the result, or a map of its properties"),
        "engine": _ENGINE_KEY,
        "model": _MODEL_KEY,
        "tools": Key(shape=TOOLS, description="The only tools the agent may use: a list, or names with commas"),
        "mcp": _MCP_KEY,
        "max-turns": Key(shape=number(least=1, whole=True), description="How many turns the agent may take"),
        "sandbox": _SANDBOX_KEY,
        "prompt": Key(shape=TEMPLATE, description="What the agent is to do; its definition alone says it without"),
        "budget": _BUDGET_KEY,
        "resolver": Key(shape=AGENT_NAME, description="The agent that resolves the conflicts of a merge"),
    },
    later=frozenset(
        {
            *("secrets", "idle-minutes", "cache", "working-directory", "foreach", "environment"),
            *("workflow", "with", "concurrency"),
        }
    ),
    hints={
        "runs-on": "write `queue`",
        "steps": "a node is one step: write `run` or `agent`, and one node for each step",
        "uses": "actions cannot run here; write `run` or `agent`",
        "depends_on": "write `needs`",
        "depends-on": "write `needs`",
        "container": "write `queue`, and run the worker in the container",
        "matrix": "write `strategy: {matrix: …}`",
        "when": "write `if`",
        "timeout": "write `timeout-minutes`",
        "publish": "write it at the top of the file",
    },
)

_EVERY = frozenset(NodeKind)
_WORKING = frozenset({NodeKind.RUN, NodeKind.AGENT})
_PERFORMED = _WORKING | {NodeKind.MERGE}
_AGENT = frozenset({NodeKind.AGENT})
_ENGINED = frozenset({NodeKind.AGENT, NodeKind.MERGE})
OWNERS: dict[str, frozenset[NodeKind]] = {
    **dict.fromkeys(("name", "needs", "if", "continue-on-error"), _EVERY),
    **dict.fromkeys(("strategy", "env", "workspace", "artifacts"), _WORKING),
    **dict.fromkeys(("retry", "timeout-minutes", "outputs", "queue", "priority"), _PERFORMED),
    **dict.fromkeys(("context", "answer", "tools", "mcp", "max-turns"), _AGENT),
    **dict.fromkeys(("engine", "model", "prompt", "sandbox", "budget"), _ENGINED),
    "resolver": frozenset({NodeKind.MERGE}),
    **{kind.value: frozenset({kind}) for kind in NodeKind},
}
"""The kinds of node that take a key."""


def nodes_schema() -> dict[str, JsonValue]:
    """The JSON Schema of `nodes`."""
    node = keys_schema(NODE_KEYS)
    node["oneOf"] = [{"required": [kind.value]} for kind in NodeKind]
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": MAX_NODES,
        "propertyNames": NAME.schema,
        "additionalProperties": node,
    }
