"""What a workflow would run, worked out without running anything: levels, node runs, agents and engines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.definition import graph, matrix
from orchestrator.definition.model import Agent, Approval, Merge, Node, NodeKind, Retry, Run, Workflow, WorkspaceMode


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedNode:
    """A node with what is known of it beforehand.

    `runs` are the keys of its node runs; None when they are known only once inputs are (a matrix with expressions).
    `does` says in a few words what it does, `agents` the agents it may call.
    """

    node: Node
    level: int
    runs: tuple[str, ...] | None
    does: str
    agents: tuple[str, ...] = ()
    engine: str | None = None
    model: str | None = None

    @property
    def traits(self) -> tuple[str, ...]:
        """What differs from the defaults, in a few words each."""
        return tuple(_traits(self.node))


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """A workflow's nodes in levels: a node starts, at the earliest, when the levels before it are done."""

    workflow: Workflow
    levels: tuple[tuple[PlannedNode, ...], ...]

    @property
    def nodes(self) -> tuple[PlannedNode, ...]:
        return tuple(node for level in self.levels for node in level)

    @property
    def run_count(self) -> int:
        """How many node runs there are at least."""
        return sum(len(node.runs) if node.runs is not None else 1 for node in self.nodes)

    @property
    def complete(self) -> bool:
        """Whether every matrix is known."""
        return all(node.runs is not None for node in self.nodes)


def outline(workflow: Workflow) -> Outline:
    """The outline of a valid workflow. `BadInput` for a matrix that has no combination or too many."""
    nodes: Mapping[str, Node] = workflow.nodes
    levels = graph.levels(nodes)
    return Outline(
        workflow=workflow,
        levels=tuple(tuple(_planned(nodes[name], number) for name in level) for number, level in enumerate(levels, 1)),
    )


def _planned(node: Node, level: int) -> PlannedNode:
    runs = _runs(node)
    match node.action:
        case Run(script=script):
            return PlannedNode(node=node, level=level, runs=runs, does=_first_line(script))
        case Agent(agent=agent, engine=engine, model=model):
            return PlannedNode(
                node=node, level=level, runs=runs, does=agent, agents=(agent,), engine=engine, model=model
            )
        case Approval(message=message):
            return PlannedNode(node=node, level=level, runs=runs, does=_first_line(message) or "a person decides")
        case Merge(nodes=merged, resolver=resolver, engine=engine, model=model):
            return PlannedNode(
                node=node,
                level=level,
                runs=runs,
                does=" + ".join(merged) + (f", conflicts to {resolver}" if resolver else ""),
                agents=(resolver,) if resolver else (),
                engine=engine if resolver else None,
                model=model if resolver else None,
            )


def _runs(node: Node) -> tuple[str, ...] | None:
    if node.matrix is None:
        return (node.id,)
    if not matrix.is_static(node.matrix):
        return None
    return tuple(matrix.run_keys(node.id, matrix.combinations(node.matrix, lambda text: text)))


def _traits(node: Node) -> list[str]:
    traits = []
    if node.condition is not None:
        traits.append(f"if {node.condition}")
    if node.workspace is WorkspaceMode.WRITE and node.kind is not NodeKind.MERGE:
        traits.append("commits its changes")
    if node.retry.attempts != Retry().attempts:
        traits.append(f"up to {node.retry.attempts} attempts")
    if node.continue_on_error:
        traits.append("may fail")
    if node.queue != "default":
        traits.append(f"queue {node.queue}")
    return traits


def _first_line(text: str) -> str:
    """The first line that is no comment of a script, with a sign that others follow."""
    lines = text.strip().split("\n")
    first = next((line.strip() for line in lines if not line.lstrip().startswith("#")), lines[0])
    return f"{first} …" if len(lines) > 1 else first
