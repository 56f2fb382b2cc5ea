"""What differs between a workflow before and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from orchestrator.definition.changes import values
from orchestrator.definition.changes.differences import Differences
from orchestrator.definition.changes.graphs import marked, renamed_nodes, with_names
from orchestrator.definition.changes.model import Change, Kind, MarkedGraph
from orchestrator.definition.changes.places import Places
from orchestrator.definition.changes.rules import workflow_table
from orchestrator.definition.changes.values import Values
from orchestrator.definition.model import Action, Agent, Approval, Merge, Node, NodeKind, Run, Workflow
from orchestrator.errors import Place

_OF_EDGES = ((), ("needs",), (values.APPROVALS,))
_ACTIONS: dict[NodeKind, Action] = {
    NodeKind.RUN: Run(script=""),
    NodeKind.AGENT: Agent(agent=""),
    NodeKind.APPROVAL: Approval(),
    NodeKind.MERGE: Merge(nodes=()),
}


def compared(before: Workflow | None, after: Workflow, text: str | bytes) -> tuple[tuple[Change, ...], MarkedGraph]:
    """Every change, and both graphs in one. `text` is the file as it is after; a new workflow is compared with none."""
    found = Differences(workflow_table(), Places(text, after.path))
    before = before or Workflow(id=after.id, path=after.path, name=after.name, nodes={})
    here, there = values.of_workflow(before), values.of_workflow(after)
    if names := renamed_nodes(_nodes(here), _nodes(there)):
        before = with_names(before, names)
        here = values.of_workflow(before)
    changes = [*_renamed(names, found), *found.between(here, there)]
    changes += [each for change in changes if change.is_whole_node for each in _brought(change, after, found)]
    changed = frozenset(each.node for each in changes if each.node and each.key[2:3] not in _OF_EDGES)
    return tuple(changes), marked(before.nodes, after.nodes, names, changed)


def _nodes(of_workflow: Values) -> dict[str, Values]:
    nodes = of_workflow["nodes"]
    return {name: node for name, node in nodes.items() if isinstance(node, dict)} if isinstance(nodes, dict) else {}


def _renamed(names: dict[str, str], found: Differences) -> Iterator[Change]:
    for old, new in names.items():
        yield replace(found.change(("nodes", new), Kind.ADDED, old, new), kind=Kind.RENAMED)


def _brought(change: Change, after: Workflow, found: Differences) -> Iterator[Change]:
    """What a new node may do beyond a plain one of its kind."""
    if change.kind is Kind.ADDED and isinstance(change.after, dict):
        own = found.between(_plain(after.nodes[change.key[1]].kind), change.after, change.key)
        yield from (each for each in own if each.widens)


@cache
def _plain(kind: NodeKind) -> Values:
    return values.of_node(Node(id="", action=_ACTIONS[kind], place=Place(file="")))
