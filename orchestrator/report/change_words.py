"""Changes of definitions in sentences.

A key without words of its own in the table is told all the same, by its path.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from orchestrator.definition.changes import Change, Key
from orchestrator.definition.changes.by_key import ByKey
from orchestrator.report import change_of_node, change_of_project, change_of_workflow
from orchestrator.report.change_values import by_path, named

_IMPLIED = "success() is implied"

Words: TypeAlias = Callable[[Change, str], str]
"""A sentence for a change; the second argument names the nodes that it is the same for, '' for the file itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A change, and the nodes that it is the same for."""

    change: Change
    nodes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Plain text, with code in backticks."""
        return (_words().find(self.change.key) or by_path)(self.change, named(self.nodes))


def told(changes: Iterable[Change]) -> tuple[Told, ...]:
    """Changes in the order given; those that are the same in several nodes, as one of `defaults` is, only once."""
    found: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        found.setdefault(_alike(change), []).append(change)
    return tuple(
        Told(change=group[0], nodes=tuple(dict.fromkeys(each.node for each in group if each.node)))
        for group in found.values()
    )


def _alike(change: Change) -> tuple[str, ...]:
    if change.node is None or change.is_whole_node:
        return change.key
    values = json.dumps([change.before, change.after], sort_keys=True)
    return ("nodes", "*", *change.key[2:], change.kind, values)


def subject_of(key: Key) -> str:
    """The key as a title: `review: prompt`."""
    return f"{key[1]}: {'.'.join(key[2:])}" if key[0] == "nodes" else ".".join(key)


@cache
def _words() -> ByKey[Words]:
    return ByKey(
        {
            "on/*": change_of_workflow.event,
            "on/*/*": change_of_workflow.event_filter,
            "trust/actors": change_of_workflow.actors,
            "trust/forks": change_of_workflow.forks,
            "trust/bots": change_of_workflow.bots,
            "publish/*": change_of_workflow.published,
            "publish/*/*": by_path,
            "publish/maximum/*": change_of_workflow.most_published,
            "publish/dry-run": change_of_workflow.dry_run,
            "budget": change_of_workflow.budget,
            "budget/*": change_of_workflow.limit,
            "nodes/*": change_of_node.node,
            "nodes/*/*": by_path,
            "nodes/*/needs/*": change_of_node.edge,
            "nodes/*/approvals": change_of_node.approvals,
            "nodes/*/approval/on-timeout": change_of_node.silence,
            "nodes/*/budget": change_of_workflow.budget,
            "nodes/*/budget/*": change_of_workflow.limit,
            "nodes/*/workspace": change_of_node.workspace,
            "nodes/*/sandbox": change_of_node.sandbox,
            "nodes/*/tools": change_of_node.tools,
            "nodes/*/mcp": change_of_node.servers,
            "nodes/*/queue": change_of_node.queue,
            "nodes/*/run": change_of_node.text("command"),
            "nodes/*/prompt": change_of_node.text("prompt"),
            f"nodes/*/{_IMPLIED}": change_of_node.implied,
            "prompt": change_of_node.text("prompt"),
            "tools": change_of_node.tools,
            "mcp/*": change_of_project.template,
            "mcp/*/*": by_path,
            "engines/*": change_of_project.template,
            "engines/*/*": by_path,
        }
    )
