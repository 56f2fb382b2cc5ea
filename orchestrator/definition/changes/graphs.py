"""The graphs of a workflow before and after, laid on each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from orchestrator.definition.changes.differences import same
from orchestrator.definition.changes.model import Mark, MarkedEdge, MarkedGraph, MarkedNode
from orchestrator.definition.changes.values import Values
from orchestrator.definition.model import Action, EdgeCondition, Merge, Node, Workflow


def renamed_nodes(before: Mapping[str, Values], after: Mapping[str, Values]) -> dict[str, str]:
    """New ids by old ones: of nodes that are gone, where one new node alone does the same. Takes their values."""
    gone = [(name, _likeness(values)) for name, values in before.items() if name not in after]
    new = [(name, _likeness(values)) for name, values in after.items() if name not in before]
    if len(gone) * len(new) > _MOST_PAIRS:
        return {}
    pairs = [(old, name) for old, here in gone for name, there in new if same(here, there)]
    olds, names = _counted(old for old, _ in pairs), _counted(name for _, name in pairs)
    return {old: name for old, name in pairs if olds[old] == names[name] == 1}


_MOST_PAIRS = 10_000
_DOING = ("kind", "run", "agent", "prompt", "approval", "resolver", "answer")


def _likeness(values: Values) -> Values:
    return {name: values[name] for name in _DOING if name in values}


def _counted(names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for name in names:
        found[name] += 1
    return found


def with_names(workflow: Workflow, names: Mapping[str, str]) -> Workflow:
    """The workflow with nodes called by their new names."""
    if not names:
        return workflow
    return replace(workflow, nodes={names.get(key, key): _renamed(node, names) for key, node in workflow.nodes.items()})


def _renamed(node: Node, names: Mapping[str, str]) -> Node:
    needs = tuple(replace(need, node=names.get(need.node, need.node)) for need in node.needs)
    return replace(node, id=names.get(node.id, node.id), needs=needs, action=_acting(node.action, names))


def _acting(action: Action, names: Mapping[str, str]) -> Action:
    if isinstance(action, Merge):
        return replace(action, nodes=tuple(names.get(name, name) for name in action.nodes))
    return action


def marked(
    before: Mapping[str, Node], after: Mapping[str, Node], names: Mapping[str, str], changed: frozenset[str]
) -> MarkedGraph:
    """Both graphs in one. `before` has its nodes by their new ids, which `names` gives by old ones; `changed` are the
    nodes of which more than the edges differs."""
    old_names = {new: old for old, new in names.items()}
    nodes = []
    for name in (*after, *(name for name in before if name not in after)):
        was, now = before.get(name), after.get(name)
        if was and name in old_names:
            was = replace(was, id=old_names[name])
        nodes.append(MarkedNode(id=name, mark=_mark(was, now, changed), before=was, after=now))
    return MarkedGraph(nodes=tuple(nodes), edges=tuple(_edges(before, after)))


def _mark(before: Node | None, after: Node | None, changed: frozenset[str]) -> Mark:
    if before is None:
        return Mark.ADDED
    if after is None:
        return Mark.REMOVED
    if before.id != after.id:
        return Mark.RENAMED
    return Mark.CHANGED if after.id in changed else Mark.SAME


def _edges(before: Mapping[str, Node], after: Mapping[str, Node]) -> Iterator[MarkedEdge]:
    was, now = _conditions(before), _conditions(after)
    for source, target in (*now, *(edge for edge in was if edge not in now)):
        ends = (source, target)
        yield MarkedEdge(source=source, target=target, before=was.get(ends), after=now.get(ends))


def _conditions(nodes: Mapping[str, Node]) -> dict[tuple[str, str], EdgeCondition]:
    return {(need.node, name): need.when for name, node in nodes.items() for need in node.needs}
