"""Which approvals a node waits for: those without which it can never start."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.definition.graph import topological_order
from orchestrator.definition.model import EdgeCondition, Node, NodeKind


def awaited(nodes: Mapping[str, Node]) -> dict[str, frozenset[str]]:
    """The approvals of each node, by its id.

    A rejection ends in nothing that `on_success` edges lead to: what is skipped is no success either. Any other edge
    lets a node start all the same, and so does `continue-on-error` of the approval.
    """
    found: dict[str, frozenset[str]] = {}
    for name in topological_order(nodes):
        waited = set[str]()
        for need in nodes[name].needs:
            if need.when is EdgeCondition.ON_SUCCESS and need.node in nodes:
                waited |= found[need.node]
                waited |= {need.node} if _holds(nodes[need.node]) else set()
        found[name] = frozenset(waited)
    return found


def _holds(node: Node) -> bool:
    return node.kind is NodeKind.APPROVAL and not node.continue_on_error
