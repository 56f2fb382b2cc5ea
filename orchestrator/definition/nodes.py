"""Nodes as a file writes them, and the `Node` each one becomes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from orchestrator.definition import document
from orchestrator.definition.document import Mapping, Scalar, Yaml, described
from orchestrator.definition.model import (
    Action,
    Agent,
    Approval,
    EdgeCondition,
    Merge,
    Need,
    Node,
    NodeKind,
    Run,
)
from orchestrator.definition.node_keys import MAX_NODES, NODE_KEYS, OWNERS
from orchestrator.definition.node_shapes import Condition, Defaults, Needs
from orchestrator.definition.reader import Misfit, Reader, Shape
from orchestrator.definition.shapes import (
    NAME_HINT,
    is_name,
)


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
        budget=keys.get("budget", defaults.budget) if kind in OWNERS["budget"] else None,
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
        "sandbox": keys.get("sandbox", defaults.sandbox),
    }
    match kind:
        case NodeKind.RUN:
            return Run(script=keys.get("run", ""))
        case NodeKind.AGENT:
            own = {name: keys[name] for name in ("tools", "answer", "context") if name in keys}
            engine["mcp"] = keys.get("mcp", defaults.mcp)
            return Agent(agent=keys.get("agent", ""), max_turns=keys.get("max-turns"), **own, **engine)
        case NodeKind.APPROVAL:
            approval: Approval = keys.get("approval", Approval())
            return approval
        case NodeKind.MERGE:
            return Merge(nodes=keys.get("merge", ()), resolver=keys.get("resolver"), **engine)
