"""Which engines the nodes of a workflow name, as far as it can be told before anything runs."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.definition.expressions import ExpressionError, interpolate_text
from orchestrator.definition.model import Agent, JsonValue, Merge, Node, Workflow


def engines(workflow: Workflow, inputs: Mapping[str, JsonValue]) -> frozenset[str]:
    """By name, with the defaults of inputs where `inputs` gives no value.

    An engine may be an expression; one that asks for more than inputs is left out, as only its node knows it.
    """
    values = {**{name: each.default for name, each in workflow.inputs.items()}, **inputs}
    found = {_evaluated(_of_node(node), values) for node in workflow.nodes.values()}
    return frozenset(found - {""})


def _of_node(node: Node) -> str:
    match node.action:
        case Agent(engine=engine) | Merge(resolver=str(), engine=engine):
            return engine
        case _:
            return ""


def _evaluated(written: str, values: Mapping[str, JsonValue]) -> str:
    try:
        return interpolate_text(written, {"inputs": dict(values)})
    except ExpressionError:
        return ""
