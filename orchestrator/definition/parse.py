"""Workflow files to workflows, with every problem of every file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from orchestrator.definition import document
from orchestrator.definition.budget_checks import check_budgets
from orchestrator.definition.checks import ExpressionChecks, check_agents, check_edges, check_servers
from orchestrator.definition.compose import compose
from orchestrator.definition.document import Yaml
from orchestrator.definition.keys import WORKFLOW_KEYS
from orchestrator.definition.model import Input, Workflow
from orchestrator.definition.node_shapes import Defaults
from orchestrator.definition.nodes import Written, read_nodes
from orchestrator.definition.problems import in_order
from orchestrator.definition.project import Project
from orchestrator.definition.publish_checks import check_labels, check_publish
from orchestrator.definition.publish_keys import WrittenPublish
from orchestrator.definition.reader import Misfit, Reader
from orchestrator.definition.roles import Trust
from orchestrator.definition.triggers import On
from orchestrator.errors import InvalidDefinition, Place, Problem

SHIPPED = "template:"
"""How ids of workflows begin that ship with Mycelium; no file of a repository is one."""

_TEMPLATES = "templates"
_PLAIN_KEYS = ("description", "category", "tags", "env", "budget", "trust", "concurrency")
_NO_PROJECT = Project()


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """The valid workflows by id, and the problems of the other files."""

    workflows: dict[str, Workflow]
    problems: tuple[Problem, ...] = ()


def load_all(
    files: Mapping[str, str | bytes],
    *,
    workflows_dir: str = "workflows",
    agents: Collection[str] | None = None,
    project: Project = _NO_PROJECT,
) -> Loaded:
    """Load every file, by path. A bad one never stops the others; nothing is raised."""
    workflows: dict[str, Workflow] = {}
    problems: list[Problem] = []
    for path, text in files.items():
        try:
            workflow = load_workflow(text, path, workflows_dir=workflows_dir, agents=agents, project=project)
        except InvalidDefinition as error:
            problems.extend(error.problems)
            continue
        if other := workflows.get(workflow.id):
            message = f"the workflow `{workflow.id}` is already defined by {other.path}"
            problems.append(Problem(message=message, place=Place(file=path), hint="rename one of the files"))
        else:
            workflows[workflow.id] = workflow
    return Loaded(workflows=workflows, problems=tuple(problems))


def load_workflow(
    text: str | bytes,
    path: str,
    *,
    workflows_dir: str = "workflows",
    agents: Collection[str] | None = None,
    project: Project = _NO_PROJECT,
) -> Workflow:
    """The workflow in a file's text.

    `path` is relative to the repository and names the workflow; it is not read. `agents`, when given, are the names
    that `agent` and `resolver` may take; `project` adds names of engines and MCP servers. Raises `InvalidDefinition`
    with every problem of the file.
    """
    root, problems = compose(text, path)
    reader = Reader(path, problems, engines=project.engines, servers=project.servers)
    try:
        workflow = _Loading(reader, agents, project).workflow(root, path, workflows_dir)
    except InvalidDefinition as error:
        raise InvalidDefinition(in_order(error.problems)) from error
    if workflow is None or reader.problems:
        raise InvalidDefinition(in_order(reader.problems))
    return workflow


def workflow_id(path: str, workflows_dir: str = "workflows") -> str:
    """`workflows/quality/review.yaml` is `quality/review`; a file elsewhere keeps its whole path, less the suffix."""
    pure = PurePosixPath(path)
    inside = pure.relative_to(workflows_dir) if pure.is_relative_to(workflows_dir) else pure
    return str(inside.with_suffix("")).lstrip("/") if inside.name else path


class _Loading:
    def __init__(self, reader: Reader, agents: Collection[str] | None, project: Project) -> None:
        self._reader = reader
        self._agents = agents
        self._project = project

    def workflow(self, root: Yaml | None, path: str, workflows_dir: str) -> Workflow | None:
        reader = self._reader
        if root is None or document.is_null(root):
            place = Place(file=path)
            reader.problems.append(Problem(message="the file is empty", place=place, hint="it needs `nodes`"))
            return None
        try:
            keys = reader.mapping(root, WORKFLOW_KEYS)
        except Misfit as misfit:
            reader.problem(misfit.at, misfit.message, "it begins with keys such as `name:` and `nodes:`")
            return None
        nodes = self._nodes(keys)
        inputs = self._inputs(keys, root)
        check_budgets(nodes, keys.get("budget"), root, reader)
        published: WrittenPublish | None = keys.get("publish")
        if published:
            check_publish(published, nodes, reader)
            check_labels(published, keys.get("on", On()).triggers, reader)
        publishes = any(use.target for use in reader.uses)
        trust = keys.get("trust", Trust())
        ExpressionChecks(nodes, inputs, keys.get("env", {}), trust=trust, publishes=publishes).check(reader)
        found = workflow_id(path, workflows_dir)
        return Workflow(
            id=found,
            path=path,
            name=keys.get("name", found),
            nodes={name: written.node for name, written in nodes.items()},
            triggers=keys.get("on", On()).triggers,
            inputs=inputs,
            skipped=keys.get("checks") or self._project.skipped,
            publish=published.publish if published else None,
            is_template=found.startswith(f"{_TEMPLATES}/"),
            **{name: keys[name] for name in _PLAIN_KEYS if name in keys},
        )

    def _nodes(self, keys: dict[str, Any]) -> dict[str, Written]:
        if "nodes" not in keys:
            return {}
        value = keys["nodes"]
        try:
            nodes = read_nodes(value, self._reader, keys.get("defaults", Defaults()))
        except Misfit as misfit:
            self._reader.problem(misfit.at, misfit.message, misfit.hint)
            return {}
        check_edges(nodes, value.entries, self._reader)
        check_servers(nodes, self._project, self._reader)
        if self._agents is not None:
            check_agents(nodes, self._agents, self._reader)
        return nodes

    def _inputs(self, keys: dict[str, Any], root: Yaml) -> dict[str, Input]:
        top: dict[str, Input] = keys.get("inputs", {})
        dispatched: dict[str, Input] = keys.get("on", On()).inputs
        for name in top.keys() & dispatched.keys():
            message = f"the input `{name}` is declared under `inputs` and under `workflow_dispatch`"
            self._reader.problem(root, message, "keep the one under `inputs`")
        return {**dispatched, **top}
