"""A definition as nested plain values, under the keys of its file.

It is made from every field there is, so a key that the format gains later is compared without anything done here.
Left out is what a file does not say, and `place`, which moves with every line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from orchestrator.definition.changes.approvals import awaited
from orchestrator.definition.model import (
    Action,
    AgentDefinition,
    Approval,
    JsonValue,
    Matrix,
    Merge,
    Node,
    NodeKind,
    Run,
    Workflow,
)
from orchestrator.definition.node_keys import OWNERS
from orchestrator.definition.project import EngineTemplate, McpTemplate, Project
from orchestrator.definition.publish import Publish, PublishKind, Target
from orchestrator.definition.publish_keys import TARGET_KEYS
from orchestrator.definition.roles import Role

Values = dict[str, JsonValue]

APPROVALS = "approvals"
"""Not a key of the file: the approvals without which a node never starts, directly or not."""

_WORDS = {"condition": "if", "matrix": "strategy", "implied_success": "success() is implied"}
_SELF = frozenset({"id", "path", "place", "is_template"})


def of_workflow(workflow: Workflow) -> Values:
    values = _fields(workflow, without={"nodes", "triggers", "publish", "skipped"})
    values["on"] = {trigger.event: dict(trigger.filters) for trigger in workflow.triggers}
    values["publish"] = _published(workflow.publish or Publish())
    values["checks"] = {"skipped": workflow.skipped.value}
    waits = awaited(workflow.nodes)
    values["nodes"] = {name: of_node(node, waits[name]) for name, node in workflow.nodes.items()}
    return values


def of_node(node: Node, approvals: frozenset[str] = frozenset()) -> Values:
    values = _fields(node, without={"action", "needs", "matrix"})
    values["needs"] = {need.node: need.when.value for need in node.needs}
    values["kind"] = node.kind.value
    values |= _action(node.action)
    if node.matrix is not None:
        values["strategy"] = _matrix(node.matrix)
    values[APPROVALS] = [*sorted(approvals)]
    return {name: value for name, value in values.items() if node.kind in OWNERS.get(name, NodeKind)}


def of_agent(agent: AgentDefinition) -> Values:
    return _fields(agent, without={"keywords"})


def of_project(project: Project) -> Values:
    values = _fields(project)
    named = {name: {each: _nameless(template) for each, template in getattr(project, name).items()} for name in _NAMED}
    return {**values, **named}


_NAMED = ("engines", "mcp")


def _nameless(template: EngineTemplate | McpTemplate) -> JsonValue:
    return dict(_fields(template, without={"name"}))


def _action(action: Action) -> Values:
    match action:
        case Run(script=script):
            return {"run": script}
        case Approval():
            return {"approval": _fields(action, without={"kind"})}
        case Merge(nodes=nodes):
            return {"merge": [*nodes], **_fields(action, without={"kind", "nodes"})}
        case _:
            return _fields(action, without={"kind"})


def _matrix(matrix: Matrix) -> JsonValue:
    if matrix.expression is not None:
        return {"matrix": matrix.expression}
    rest = {name: plain(value) for name in ("include", "exclude") if (value := getattr(matrix, name))}
    return {"matrix": {**{axis: plain(values) for axis, values in matrix.axes.items()}, **rest}}


def _published(publish: Publish) -> Values:
    """By kind; a second one of a kind is `comment 2`."""
    found: Values = {}
    for target in publish.targets:
        of_kind = sum(1 for name in found if name.partition(" ")[0] == target.kind)
        found[f"{target.kind} {of_kind + 1}" if of_kind else target.kind.value] = _target(target)
    allow = {name: plain(value) for name in ("labels", "paths") if (value := getattr(publish, name)) is not None}
    return {**found, "maximum": plain(publish.maximum), "allow": allow, "dry-run": publish.dry_run}


def _target(target: Target) -> Values:
    labels = "add" if target.kind is PublishKind.LABELS else "labels"
    values: Values = {"from": target.source, **_fields(target), labels: [*target.labels]}
    return {name: value for name, value in values.items() if value and name in TARGET_KEYS[target.kind].keys}


def _fields(value: Any, *, without: set[str] | frozenset[str] = frozenset()) -> Values:
    """What is said. Maps stay even when they are empty, so that their entries are compared one by one."""
    found: Values = {}
    for each in fields(value):
        item = getattr(value, each.name)
        if each.name in without or each.name in _SELF or item is None or (item in ("", ()) and item == each.default):
            continue
        found[_WORDS.get(each.name, each.name.replace("_", "-"))] = plain(item)
    return found


def plain(value: Any) -> JsonValue:
    """Any value of a definition as JSON."""
    if isinstance(value, Role):
        return value.word
    if isinstance(value, Enum):
        return str(value.value)
    if is_dataclass(value) and not isinstance(value, type):
        return dict(_fields(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return [plain(item) for item in sorted(value)]
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
