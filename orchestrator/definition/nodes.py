"""The keys of a node, and the `Node` they make."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from orchestrator.definition import document
from orchestrator.definition.answer import ANSWER
from orchestrator.definition.document import Mapping, Scalar, Sequence, Yaml, described, is_null, resolved
from orchestrator.definition.expressions import uses_status_function
from orchestrator.definition.matrix_keys import STRATEGY
from orchestrator.definition.model import (
    Action,
    Agent,
    Approval,
    Backoff,
    ContextMode,
    EdgeCondition,
    JsonValue,
    Merge,
    Need,
    Node,
    NodeKind,
    Retry,
    RetryClass,
    Run,
    WorkspaceMode,
)
from orchestrator.definition.reader import Key, Keys, Misfit, Reader, Shape
from orchestrator.definition.shapes import (
    BOOLEAN,
    ENVIRONMENT,
    NAME,
    NAME_HINT,
    OUTPUTS,
    TEMPLATE,
    TEXT,
    choice,
    is_name,
    keyed,
    keys_schema,
    listed,
    matching,
    member,
    number,
)

ENGINES = ("claude", "codex", "gemini", "opencode", "command", "replay", "scripted")
MAX_NODES = 10_000

_MINUTES = number(above=0)
_TOOL_COMMA = re.compile(r",(?![^()]*\))")


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """`defaults`: what a node has that does not say otherwise."""

    engine: str = "claude"
    model: str | None = None
    timeout_minutes: float = 30.0
    retry: Retry = field(default_factory=Retry)
    workspace: WorkspaceMode = WorkspaceMode.READ
    queue: str = "default"


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """`if`: its text without `${{ }}`, and whether it asks for the status itself."""

    text: str
    asks_status: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """`needs`: the edges, and whether they were written as a list."""

    edges: tuple[Need, ...] = ()
    as_list: bool = True


# --- single keys


_ATTEMPTS = number(least=1, whole=True)
_RETRY_KEYS = Keys(
    place="`retry`",
    keys={
        "attempts": Key(shape=_ATTEMPTS, description="How often in total, the first attempt included"),
        "backoff": Key(shape=member(Backoff, what="backoff"), description="How the delay grows: exponential (default)"),
        "delay-seconds": Key(shape=number(least=0), description="The first delay; 5 without it"),
        "on": Key(
            shape=listed(member(RetryClass, what="class of failure"), distinct=True),
            description="Failures worth another attempt; timeout, overloaded and lost without it",
        ),
    },
)


def _read_retry(value: Yaml, reader: Reader) -> Retry:
    if isinstance(value, Scalar):
        return Retry(attempts=int(_ATTEMPTS.read(value, reader)))
    keys = {name.replace("-", "_"): read for name, read in reader.mapping(value, _RETRY_KEYS).items()}
    return Retry(**keys)


def _read_condition(value: Yaml, reader: Reader) -> Condition:
    if not isinstance(value, Scalar) or is_null(value):
        raise Misfit(value, f"`if` is an expression, not {described(value)}")
    if isinstance(literal := resolved(value), bool):
        return Condition(text="true" if literal else "false", asks_status=False)
    text, offset = _bare(value)
    expression = reader.condition(value, text, offset)
    return Condition(text=text.strip(), asks_status=uses_status_function(expression))


def _bare(value: Scalar) -> tuple[str, int]:
    """The condition without its `${{ }}`, and where it starts."""
    stripped = value.value.strip()
    start = value.value.index(stripped)
    if stripped.startswith("${{") and stripped.endswith("}}") and "${{" not in stripped[3:]:
        return stripped[3:-2], start + 3
    if "${{" in stripped:
        raise Misfit(value, "`if` mixes `${{ }}` with other text", "write the whole condition without `${{ }}`")
    return stripped, start


def _read_needs(value: Yaml, reader: Reader) -> Needs:
    if not isinstance(value, Mapping):
        names = listed(NAME, distinct=True).read(value, reader)
        return Needs(edges=tuple(Need(node=name) for name in names))
    edges = []
    for name, entry in value.entries.items():
        when = reader.attempt(_WHEN, entry.value, None)
        edges.append(Need(node=name, when=when or EdgeCondition.ON_SUCCESS))
    return Needs(edges=tuple(edges), as_list=False)


_WHEN = member(EdgeCondition, what="edge condition")
_NEEDS = Shape(
    read=_read_needs,
    schema={
        "anyOf": [
            listed(NAME).schema,
            {"type": "object", "propertyNames": NAME.schema, "additionalProperties": _WHEN.schema},
        ]
    },
)

_APPROVAL_KEYS = Keys(
    place="`approval`",
    keys={
        "message": Key(shape=TEMPLATE, description="What the person is asked"),
        "timeout-minutes": Key(shape=_MINUTES, description="How long it waits; for ever without it"),
        "on-timeout": Key(shape=choice(("approve", "reject")), description="What silence means: reject (default)"),
    },
    later=frozenset({"reviewers", "minimum"}),
)


def _read_approval(value: Yaml, reader: Reader) -> Approval:
    if is_null(value):
        return Approval()
    if isinstance(value, Scalar):
        return Approval(message=TEMPLATE.read(value, reader))
    keys = {name.replace("-", "_"): read for name, read in reader.mapping(value, _APPROVAL_KEYS).items()}
    return Approval(**keys)


def _read_engine(value: Yaml, reader: Reader) -> str:
    engine = TEMPLATE.read(value, reader)
    return engine if "${{" in engine else choice(ENGINES, what="engine").read(value, reader)


def _read_tools(value: Yaml, reader: Reader) -> tuple[str, ...]:
    if isinstance(value, Sequence) and not value.items:
        return ()
    texts = listed(TEXT).read(value, reader)
    parts = texts if isinstance(value, Sequence) else tuple(_TOOL_COMMA.split(texts[0]))
    return tuple(part.strip() for part in parts if part.strip())


_AGENT_NAME = matching(re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*"), "name of an agent", "such as `code-reviewer`")
_QUEUE = matching(re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*"), "name of a queue", "such as `linux`")
_RETRY = Shape(read=_read_retry, schema={"anyOf": [_ATTEMPTS.schema, keys_schema(_RETRY_KEYS)]})
_CONDITION = Shape(read=_read_condition, schema={"type": ["string", "boolean"]})
_APPROVAL = Shape(read=_read_approval, schema={"anyOf": [{"type": ["string", "null"]}, keys_schema(_APPROVAL_KEYS)]})
_ENGINE = Shape(
    read=_read_engine, schema={"anyOf": [{"enum": list(ENGINES)}, {"type": "string", "pattern": r"\$\{\{"}]}
)
_TOOLS = Shape(read=_read_tools, schema=listed(TEXT).schema)
_WORKSPACE = member(WorkspaceMode, what="workspace")
_PRIORITY = number(least=-1000, whole=True)


# --- tables


_ENGINE_KEY = Key(shape=_ENGINE, description="The program that runs the agent: claude (default), replay, …")
_MODEL_KEY = Key(shape=TEMPLATE, description="The engine's model; the agent's or the engine's own without it")
_TIMEOUT_KEY = Key(shape=_MINUTES, description="Minutes until an attempt is stopped; 30 without it")
_RETRY_KEY = Key(shape=_RETRY, description="How many attempts in total, or when and how to try again")
_WORKSPACE_KEY = Key(shape=_WORKSPACE, description="none, read (default) or write: then changes are committed")
_QUEUE_KEY = Key(shape=_QUEUE, description="The workers that may take it; default without it")

DEFAULT_KEYS = Keys(
    place="`defaults`",
    keys={
        "engine": _ENGINE_KEY,
        "model": _MODEL_KEY,
        "timeout-minutes": _TIMEOUT_KEY,
        "retry": _RETRY_KEY,
        "workspace": _WORKSPACE_KEY,
        "queue": _QUEUE_KEY,
    },
    later=frozenset({"run", "sandbox", "mcp", "budget"}),
)
DEFAULTS = keyed(
    DEFAULT_KEYS,
    lambda keys, *_: Defaults(**{name.replace("-", "_"): read for name, read in keys.items()}),
)

NODE_KEYS = Keys(
    place="a node",
    keys={
        "name": Key(shape=TEXT, description="A title for people; the node's id without it"),
        "needs": Key(shape=_NEEDS, description="The nodes before it: a name, a list, or a map with edge conditions"),
        "if": Key(shape=_CONDITION, description="Runs only where this expression is true; `${{ }}` may be left out"),
        "run": Key(shape=TEMPLATE, description="A shell command (bash -eo pipefail)"),
        "agent": Key(shape=_AGENT_NAME, description="The agent that works on `prompt`"),
        "merge": Key(shape=listed(NAME, distinct=True), description="The nodes whose commits are integrated, in order"),
        "approval": Key(shape=_APPROVAL, description="A person decides: the question, or a map"),
        "strategy": Key(shape=STRATEGY, description="`matrix`: one node run for each combination"),
        "env": Key(shape=ENVIRONMENT, description="Environment variables"),
        "retry": _RETRY_KEY,
        "timeout-minutes": _TIMEOUT_KEY,
        "continue-on-error": Key(shape=BOOLEAN, description="Whether a failure counts as success for what follows"),
        "outputs": Key(shape=OUTPUTS, description="More outputs, made of the node's own (`outputs.NAME`)"),
        "artifacts": Key(shape=listed(TEXT), description="Files of the workspace to keep; patterns are allowed"),
        "queue": _QUEUE_KEY,
        "priority": Key(shape=_PRIORITY, description="Higher runs first; 0 without it"),
        "workspace": _WORKSPACE_KEY,
        "context": Key(shape=member(ContextMode, what="context"), description="none: no findings of the nodes before"),
        "answer": Key(shape=ANSWER, description="The JSON Schema of the result, or a map of its properties"),
        "engine": _ENGINE_KEY,
        "model": _MODEL_KEY,
        "tools": Key(shape=_TOOLS, description="The only tools the agent may use: a list, or names with commas"),
        "max-turns": Key(shape=number(least=1, whole=True), description="How many turns the agent may take"),
        "prompt": Key(shape=TEMPLATE, description="What the agent is to do"),
        "resolver": Key(shape=_AGENT_NAME, description="The agent that resolves the conflicts of a merge"),
    },
    later=frozenset(
        {
            *("secrets", "idle-minutes", "cache", "budget", "working-directory", "foreach", "environment", "mcp"),
            *("sandbox", "workflow", "with", "concurrency", "publish"),
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
    **dict.fromkeys(("context", "answer", "tools", "max-turns"), _AGENT),
    **dict.fromkeys(("engine", "model", "prompt"), _ENGINED),
    "resolver": frozenset({NodeKind.MERGE}),
    **{kind.value: frozenset({kind}) for kind in NodeKind},
}
"""The kinds of node that take a key."""


# --- nodes


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A node and where its keys stand in the file."""

    node: Node
    entries: dict[str, document.Entry]


def read_nodes(value: Yaml, reader: Reader, defaults: Defaults) -> dict[str, Written]:
    """Every node that can be read, by id; the problems of the others are reported. Raises `Misfit`."""
    if not isinstance(value, Mapping) or not value.entries:
        example = "nodes: {lint: {run: ruff check .}}"
        raise Misfit(value, f"`nodes` is a map from ids to nodes, not {described(value)}", example)
    if len(value.entries) > MAX_NODES:
        raise Misfit(value, f"{len(value.entries):,} nodes; at most {MAX_NODES:,} are allowed", "split the workflow")
    found: dict[str, Written] = {}
    folded: dict[str, str] = {}
    for name, entry in value.entries.items():
        reader.node = name
        if not is_name(name):
            reader.problem(entry.key, f"`{name[:100]}` is no id of a node", NAME_HINT)
        elif (other := folded.setdefault(name.lower(), name)) != name:
            reader.problem(
                entry.key, f"the id differs from `{other}` in case only", "expressions ignore case; rename one"
            )
        elif (written := reader.attempt(_node(entry.key, defaults), entry.value, None)) is not None:
            found[name] = written
    reader.node = None
    return found


def _node(key: Scalar, defaults: Defaults) -> Shape[Written]:
    def read(value: Yaml, reader: Reader) -> Written:
        keys = reader.mapping(value, NODE_KEYS)
        entries = value.entries if isinstance(value, Mapping) else {}
        kind = _kind(entries, value)
        for name, entry in entries.items():
            if name in OWNERS and kind not in OWNERS[name]:
                reader.problem(entry.key, f"`{name}` does not belong to a node with `{kind}`", _stray_hint(name, kind))
        node = _built(key.value, kind, keys, defaults, reader.place(key))
        return Written(node=node, entries=entries)

    return Shape(read=read, schema={})


def _kind(entries: dict[str, document.Entry], value: Yaml) -> NodeKind:
    kinds = [kind for kind in NodeKind if kind.value in entries]
    if len(kinds) > 1:
        names = " and ".join(f"`{kind}`" for kind in kinds)
        raise Misfit(entries[kinds[1].value].key, f"the node has {names}", "one node does one thing; split it")
    if not kinds and (later := entries.get("workflow")):
        raise Misfit(later.key, "`workflow` is not supported yet", "remove it")
    if not kinds:
        raise Misfit(value, "the node says nothing to do", "it has exactly one of `run`, `agent`, `approval`, `merge`")
    return kinds[0]


def _stray_hint(name: str, kind: NodeKind) -> str:
    if name == "timeout-minutes" and kind is NodeKind.APPROVAL:
        return "write `approval: {message: …, timeout-minutes: …}`"
    return f"it belongs to {', '.join(f'`{owner}`' for owner in NodeKind if owner in OWNERS[name])}"


def _built(name: str, kind: NodeKind, keys: dict[str, Any], defaults: Defaults, place: Any) -> Node:
    action = _action(kind, keys, defaults)
    needs: Needs = keys.get("needs", Needs())
    condition: Condition | None = keys.get("if")
    return Node(
        id=name,
        action=action,
        place=place,
        name=keys.get("name", ""),
        needs=_edges(needs, action, condition),
        implied_success=needs.as_list and not (condition and condition.asks_status),
        condition=condition.text if condition else None,
        matrix=keys.get("strategy"),
        timeout_minutes=float(keys.get("timeout-minutes", defaults.timeout_minutes)),
        continue_on_error=keys.get("continue-on-error", False),
        **{name: keys.get(name, getattr(defaults, name)) for name in ("retry", "workspace", "queue")},
        **{name: keys[name] for name in ("env", "outputs", "artifacts", "priority") if name in keys},
    )


def _edges(needs: Needs, action: Action, condition: Condition | None) -> tuple[Need, ...]:
    """As on GitHub, a status function in `if` decides alone over needs that were written as a list."""
    edges = _with_merged(needs.edges, action)
    if needs.as_list and condition and condition.asks_status:
        return tuple(replace(edge, when=EdgeCondition.ALWAYS) for edge in edges)
    return edges


def _with_merged(needs: tuple[Need, ...], action: Action) -> tuple[Need, ...]:
    """`merge` implies its nodes as needs, after those that are written."""
    if not isinstance(action, Merge):
        return needs
    written = {need.node for need in needs}
    return (*needs, *(Need(node=name) for name in action.nodes if name not in written))


def _action(kind: NodeKind, keys: dict[str, Any], defaults: Defaults) -> Action:
    engine: dict[str, Any] = {
        "engine": keys.get("engine", defaults.engine),
        "model": keys.get("model", defaults.model),
        "prompt": keys.get("prompt", ""),
    }
    match kind:
        case NodeKind.RUN:
            return Run(script=keys.get("run", ""))
        case NodeKind.AGENT:
            own = {name: keys[name] for name in ("tools", "answer", "context") if name in keys}
            return Agent(agent=keys.get("agent", ""), max_turns=keys.get("max-turns"), **own, **engine)
        case NodeKind.APPROVAL:
            approval: Approval = keys.get("approval", Approval())
            return approval
        case NodeKind.MERGE:
            return Merge(nodes=keys.get("merge", ()), resolver=keys.get("resolver"), **engine)


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
