"""The graph of a workflow's nodes: order, cycles, ancestors and levels."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Set
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from orchestrator.definition.model import Node

if TYPE_CHECKING:
    from networkx import DiGraph  # type: ignore[import-untyped]  # no stubs in the package


def directed(edges: Mapping[str, Iterable[str]]) -> DiGraph:
    """The graph of `edges`, which give each node's predecessors; an edge points to the node that needs it."""
    import networkx

    graph: DiGraph = networkx.DiGraph()
    graph.add_nodes_from(edges)
    graph.add_edges_from((before, node) for node, needed in edges.items() for before in needed if before in edges)
    return graph


def edges_of(nodes: Mapping[str, Node]) -> dict[str, list[str]]:
    """The direct predecessors of every node."""
    return {name: [need.node for need in node.needs] for name, node in nodes.items()}


def topological_order(nodes: Mapping[str, Node]) -> list[str]:
    """Every node after its predecessors; otherwise in the order of the file. `CycleError` where there is no order."""
    names = list(nodes)
    position = {name: number for number, name in enumerate(names)}
    sorter = TopologicalSorter(edges_of(nodes))
    sorter.prepare()
    order: list[str] = []
    ready: list[int] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(ready, position[name])
        order.append(names[heappop(ready)])
        sorter.done(order[-1])
    return order


def levels(nodes: Mapping[str, Node]) -> list[list[str]]:
    """Nodes by the length of their longest path from a root, for drawing; within a level in the order of the file."""
    import networkx

    position = {name: number for number, name in enumerate(nodes)}
    generations = networkx.topological_generations(directed(edges_of(nodes)))
    return [sorted(generation, key=position.__getitem__) for generation in generations]


def ancestors(nodes: Mapping[str, Node], name: str) -> frozenset[str]:
    """Every node that must settle before `name` may start."""
    return _reached(edges_of(nodes), name)


def descendants(nodes: Mapping[str, Node], name: str) -> frozenset[str]:
    """Every node that waits for `name`, directly or not."""
    successors: dict[str, list[str]] = {node: [] for node in nodes}
    for node, needed in edges_of(nodes).items():
        for before in needed:
            successors[before].append(node)
    return _reached(successors, name)


def _reached(edges: Mapping[str, Iterable[str]], start: str) -> frozenset[str]:
    found: set[str] = set()
    ahead = list(edges[start])
    while ahead:
        node = ahead.pop()
        if node not in found:
            found.add(node)
            ahead.extend(edges[node])
    return frozenset(found)


def cycles(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """A cycle of each group of nodes that wait for each other: its nodes in running order, the first one again last.

    The cycle begins with the node that stands first in `edges`.
    """
    if _is_acyclic(edges):
        return []
    # Imported for a workflow that is wrong, and not for every run: it takes longer than all the rest of checking.
    import networkx

    position = {name: number for number, name in enumerate(edges)}
    graph = directed(edges)
    groups = [group for group in networkx.strongly_connected_components(graph) if len(group) > 1]
    by_first = {min(group, key=position.__getitem__): group for group in groups}
    return [_cycle(graph, first, by_first[first]) for first in sorted(by_first, key=position.__getitem__)]


def _is_acyclic(edges: Mapping[str, Iterable[str]]) -> bool:
    try:
        TopologicalSorter(edges).prepare()
    except CycleError:
        return False
    return True


def _cycle(graph: DiGraph, first: str, group: Set[str]) -> list[str]:
    """The shortest way from `first` back to itself; all of it lies within `group`."""
    came_from: dict[str, str] = {}
    ahead = deque([first])
    while ahead:
        node = ahead.popleft()
        for following in graph.successors(node):
            if following == first:
                return [*_way(came_from, first, node), first]
            if following in group and following not in came_from:
                came_from[following] = node
                ahead.append(following)
    raise AssertionError(f"{first} lies on no cycle")


def _way(came_from: Mapping[str, str], first: str, last: str) -> list[str]:
    way = [last]
    while way[-1] != first:
        way.append(came_from[way[-1]])
    return way[::-1]
