"""Adds to a workflow file of somebody's own what it lacks. All that is there stays as it is written, comments too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from orchestrator.cli.init import existing
from orchestrator.cli.init.actions_file import (
    DISPATCHED,
    IGNORE_COMMENTS,
    ONLY_COMMANDS,
    ActionsFile,
    reason,
    secret,
    used,
)
from orchestrator.cli.init.existing import Existing
from orchestrator.cli.init.pin import ACTION
from orchestrator.cli.init.yaml_additions import Additions, at
from orchestrator.cli.init.yaml_words import Value, block, scalar
from orchestrator.definition.matching import DEFAULT_TYPES


def amended(there: Existing, file: ActionsFile, variables: Sequence[str]) -> Existing | None:
    """The file with what `file` asks for, and with `variables` that get the secrets of their names.

    What would have to be taken away or turned round stays. None where nothing can be added.
    """
    if there.place is None:
        return None
    try:
        amending = _Amending(there, file, *there.place)
        amending.events()
        amending.permissions()
        amending.variables(variables)
        amending.history()
        amending.validating()
    except _NoPlace:
        return None
    # Where the tag stands as we wrote it, a commit shall; whoever wrote it in another way wants it so.
    text = amending.additions.text().replace(used(ACTION), used(file.action))
    after = existing.read(text)
    return after if after and text != there.text and _has_all_of(there, after) else None


def _has_all_of(there: Existing, after: Existing) -> bool:
    """Whether what was read of the file is still what it says."""
    before, now = there.said.asked, after.said.asked
    known = (before.events.keys() <= now.events.keys(), before.permissions.keys() <= now.permissions.keys())
    return all(known) and there.variables.keys() <= after.variables.keys() and there.place == after.place


class _NoPlace(LookupError):
    """Something is written in a way that this does not know."""


class _Amending:
    """One file at work: `job` and `step` are those that run workflows."""

    def __init__(self, there: Existing, file: ActionsFile, job: str, number: int) -> None:
        self.there, self.file, self.has = there, file, there.said.asked
        self.additions = Additions(there.text)
        self.root = self.additions.root
        self.job = _sure(at(self.root, "jobs", job))
        self.step = _sure(at(self.job, "steps", number))

    def events(self) -> None:
        wanted, on = self.file.events, _sure(at(self.root, "on"))
        new = {name: self._written(name, filters) for name, filters in wanted.items() if name not in self.has.events}
        more = {
            name: lacking
            for name, filters in wanted.items()
            if name in self.has.events and (lacking := existing.missing(name, filters, self.has.events[name]))
        }
        if isinstance(on, MappingNode):
            self._into(on, new, more)
        elif (new or more) and _names_alone(on) and "#" not in self.additions.written(on):
            self._instead(on, new, more)
        offered = self.has.dispatched
        if missing := [name for name in self.file.asked.dispatched if offered and name not in offered]:
            self.additions.extend(_sure(at(on, "workflow_dispatch", "inputs", "workflow", "options")), missing)
        self._as_they_need(new)

    def _into(self, on: Node, new: Mapping[str, Value], more: Mapping[str, Mapping[str, list[str]]]) -> None:
        for name, value in new.items():
            self.additions.put(on, name, value, comment=IGNORE_COMMENTS if name == "issue_comment" else "")
        for name, lacking in more.items():
            event = _sure(at(on, name))
            if "crons" in lacking:
                self.additions.append(event, [{"cron": cron} for cron in lacking["crons"]])
            elif types := at(event, "types"):
                self.additions.extend(types, lacking["types"])
            else:
                self.additions.put(event, "types", _types(name, lacking))

    def _instead(self, on: Node, new: Mapping[str, Value], more: Mapping[str, Mapping[str, list[str]]]) -> None:
        """Names alone become keys, so that they can have filters."""
        listed = isinstance(on, SequenceNode) and not on.flow_style
        events: dict[str, Value] = {
            name: {"types": _types(name, more[name])} if name in more else {} for name in self.has.events
        }
        column = on.start_mark.column if listed else 0
        indent = max(column, 2)
        lines = "".join(
            block(name, value, indent, IGNORE_COMMENTS if name == "issue_comment" else "")
            for name, value in {**events, **new}.items()
        ).rstrip("\n")
        self.additions.replace_block(on, lines[column:] if listed else f"\n{lines}")

    def _written(self, name: str, filters: Mapping[str, Any]) -> Value:
        if name == "schedule":
            return [{"cron": cron} for cron in filters["crons"]]
        if name == "workflow_dispatch":
            choice = {"type": "choice", "required": "true", "options": list(self.file.asked.dispatched)}
            return {"inputs": {"workflow": choice, "inputs": {"type": "string"}}}
        return dict(filters)

    def _as_they_need(self, new: Mapping[str, Value]) -> None:
        """Comments that are no commands start nothing, and a start by hand names its workflow."""
        if "issue_comment" in new and at(self.job, "if") is None:
            self.additions.put_before(self.job, "runs-on", "if", ONLY_COMMANDS)
        if "workflow_dispatch" in new and at(self.step, "with", "workflow") is None:
            self._put_all(self.step, "with", DISPATCHED)

    def permissions(self) -> None:
        wanted = self.file.asked.permissions
        if all(self.has.permissions.get(name) in ("write", level) for name, level in wanted.items()):
            return
        held = at(self.job, "permissions") or at(self.root, "permissions")
        if isinstance(held, MappingNode) and held.value:
            for name, level in wanted.items():
                self._permit(held, name, level)
        elif at(self.job, "permissions") is None and (held is None or isinstance(held, MappingNode)):
            self.additions.put_before(self.job, "steps", "permissions", dict(wanted))

    def _permit(self, held: Node, name: str, level: str) -> None:
        has = self.has.permissions.get(name)
        if has in ("write", level):
            return
        if given := at(held, name):
            self.additions.replace(given, level)
        else:
            self.additions.put(held, name, level, comment=f"# {reason(name, level, self.file.history_branch)}")

    def variables(self, names: Sequence[str]) -> None:
        if names:
            self._put_all(self.step, "env", {name: secret(name) for name in names})

    def history(self) -> None:
        name = self.file.history_branch
        if name == self.there.said.history_branch:
            return
        if given := at(self.step, "with", "history-branch"):
            self.additions.replace(given, scalar(name))
        else:
            self._put_all(self.step, "with", {"history-branch": name})

    def _put_all(self, mapping: Node, key: str, values: Mapping[str, str]) -> None:
        given = at(mapping, key)
        if given is None:
            self.additions.put(mapping, key, values)
        elif isinstance(given, MappingNode) and given.value:
            for name, value in values.items():
                self.additions.put(given, name, value)
        elif self._is_empty(given):
            self.additions.fill(given, values)

    def _is_empty(self, node: Node) -> bool:
        """Not so where an expression makes it: what that has cannot be seen."""
        return self.additions.written(node) in ("", "null", "~") or (isinstance(node, MappingNode) and not node.value)

    def validating(self) -> None:
        jobs = _sure(at(self.root, "jobs"))
        if self.file.validate and not self.there.said.validate and _as_written(jobs):
            self.additions.behind(jobs, "\n".join([*self.file.validating, ""]))


def _types(name: str, lacking: Mapping[str, list[str]]) -> list[str]:
    """All that are to be named, where none were: those that GitHub took before, and the new ones."""
    return sorted({*DEFAULT_TYPES.get(name, ()), *lacking["types"]})


def _names_alone(on: Node) -> bool:
    return all(isinstance(each, ScalarNode) for each in (on.value if isinstance(on, SequenceNode) else [on]))


def _as_written(jobs: Node) -> bool:
    """Whether lines of a file of ours fit among them."""
    return isinstance(jobs, MappingNode) and not jobs.flow_style and jobs.start_mark.column == 2


def _sure(node: Node | None) -> Node:
    """A place that the file was read to have."""
    if node is None:
        raise _NoPlace
    return node
