"""Node runs gathered under their node, and the edges between nodes: the graph as it was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.execution.state import NodeRun, NodeStatus
from orchestrator.report.figures import tolerated
from orchestrator.report.view import ExecutionView

_WORST_FIRST = (
    NodeStatus.FAILED,
    NodeStatus.WAITING,
    NodeStatus.RUNNING,
    NodeStatus.QUEUED,
    NodeStatus.PENDING,
    NodeStatus.CANCELLED,
    NodeStatus.COMPLETED,
    NodeStatus.SKIPPED,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeGroup:
    """A node with its runs, by index; a matrix node has several."""

    node: str
    runs: tuple[NodeRun, ...]

    @property
    def is_matrix(self) -> bool:
        return len(self.runs) > 1 or bool(self.runs[0].matrix)

    @property
    def status(self) -> NodeStatus:
        """The status that deserves attention most; one that is started counts as running until all are settled."""
        statuses = {run.status for run in self.runs}
        begun = any(run.status.settled for run in self.runs) and not all(run.status.settled for run in self.runs)
        if begun and not statuses & {NodeStatus.FAILED, NodeStatus.WAITING}:
            return NodeStatus.RUNNING
        return next(status for status in _WORST_FIRST if status in statuses)

    @property
    def tolerated(self) -> bool:
        failed = [run for run in self.runs if run.status is NodeStatus.FAILED]
        return bool(failed) and all(tolerated(run) for run in failed)


def node_groups(view: ExecutionView) -> tuple[NodeGroup, ...]:
    """In the order of the first run of each node, which is topological."""
    runs: dict[str, list[NodeRun]] = {}
    for run in view.runs:
        runs.setdefault(run.node, []).append(run)
    return tuple(NodeGroup(node=node, runs=tuple(members)) for node, members in runs.items())


def crowds(groups: Sequence[NodeGroup], edges: Sequence[tuple[str, str]], least: int) -> list[tuple[NodeGroup, ...]]:
    """Nodes with the same neighbours on both sides, `least` of them or more, together; every other node alone.

    In the order of the first of each.
    """
    neighbours: dict[str, set[tuple[str, bool]]] = {group.node: set() for group in groups}
    for source, target in edges:
        neighbours[source].add((target, True))
        neighbours[target].add((source, False))
    alike: dict[frozenset[tuple[str, bool]], list[NodeGroup]] = {}
    for group in groups:
        alike.setdefault(frozenset(neighbours[group.node]), []).append(group)
    gathered: dict[str, tuple[NodeGroup, ...]] = {}
    for group in groups:
        members = alike[frozenset(neighbours[group.node])]
        together = tuple(members) if len(members) >= least else (group,)
        gathered.setdefault(together[0].node, together)
    return list(gathered.values())


def node_edges(view: ExecutionView) -> tuple[tuple[str, str], ...]:
    """Edges between nodes, each once."""
    names = {run.index: run.node for run in view.runs}
    pairs = ((names[source], names[target]) for source, target in view.edges)
    return tuple(dict.fromkeys(pair for pair in pairs if pair[0] != pair[1]))
