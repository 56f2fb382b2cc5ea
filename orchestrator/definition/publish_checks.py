"""What a readable `publish` can still get wrong: nodes that do not exist, or that have nothing to publish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.definition.model import Agent, Merge, Node, Trigger, WorkspaceMode
from orchestrator.definition.nodes import Written
from orchestrator.definition.publish import COMMITTING, PublishKind
from orchestrator.definition.publish_keys import WrittenPublish, WrittenTarget
from orchestrator.definition.reader import Reader, nearest
from orchestrator.definition.review_answer import misfits


def check_publish(written: WrittenPublish, nodes: Mapping[str, Written], reader: Reader) -> None:
    """Report targets whose node is not there, can commit nothing, or gives an answer that is no review."""
    for each in written.targets:
        if not each.target.source:
            continue
        if each.target.source not in nodes:
            hint = nearest(each.target.source, nodes) or "nodes are named by their id"
            reader.problem(each.place_of("from"), f"there is no node `{each.target.source}`", hint)
        elif each.target.kind in COMMITTING:
            _check_commit(each, nodes, reader)
        elif each.target.kind is PublishKind.REVIEW:
            _check_review(each, nodes[each.target.source].node, reader)


def check_labels(written: WrittenPublish, triggers: Sequence[Trigger], reader: Reader) -> None:
    """Report labels that start the workflow which puts them on: each execution would start the next."""
    own = {
        str(name) for trigger in triggers if trigger.event == "label" for name in _listed(trigger.filters.get("name"))
    }
    for each in written.targets:
        for label in own.intersection(each.target.labels):
            hint = "put on another one; the label that starts a workflow is taken off again by itself"
            reader.problem(each.place_of("labels"), f"the label `{label}` starts this workflow again", hint)


def _listed(names: object) -> Sequence[object]:
    return names if isinstance(names, list | tuple) else [names]


def _check_commit(written: WrittenTarget, nodes: Mapping[str, Written], reader: Reader) -> None:
    source = written.target.source
    if not any(_commits(nodes[name].node) for name in _with_ancestors(source, nodes)):
        message = f"`{source}` has no commit: neither it nor a node before it keeps changes"
        reader.problem(written.place_of("from"), message, f"set `workspace: write` in `{source}`")


def _with_ancestors(name: str, nodes: Mapping[str, Written]) -> set[str]:
    found, ahead = {name}, [name]
    while ahead:
        needs = {need.node for need in nodes[ahead.pop()].node.needs if need.node in nodes} - found
        found |= needs
        ahead += needs
    return found


def _commits(node: Node) -> bool:
    return isinstance(node.action, Merge) or node.workspace is WorkspaceMode.WRITE


def _check_review(written: WrittenTarget, node: Node, reader: Reader) -> None:
    at = written.place_of("from")
    if not isinstance(node.action, Agent):
        reader.problem(at, f"`{node.id}` is no agent, and gives no review", "name a node with `agent`")
        return
    for reason in misfits(node.action.answer or {}):
        hint = "an answer has `verdict`, `summary` and `comments`, as the documentation of publishing shows"
        reader.problem(at, f"the answer of `{node.id}` is no review: {reason}", hint)
