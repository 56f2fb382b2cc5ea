"""Workflows, agent definitions and project files as JSON text and back, for storage beside an execution.

An execution runs the workflow it started with, whatever happens to the file, and a worker reads it without
composing YAML again.
"""

from __future__ import annotations

from functools import cache

from pydantic import TypeAdapter

from orchestrator.definition.model import AgentDefinition, Workflow
from orchestrator.definition.project import Project

_WORKFLOW: TypeAdapter[Workflow] = TypeAdapter(Workflow)
_AGENTS: TypeAdapter[dict[str, AgentDefinition]] = TypeAdapter(dict[str, AgentDefinition])


def dump_workflow(workflow: Workflow) -> str:
    """JSON of a workflow; `load_workflow` gives an equal value back."""
    return _WORKFLOW.dump_json(workflow).decode()


def load_workflow(text: str) -> Workflow:
    """The workflow that `dump_workflow` wrote."""
    return _WORKFLOW.validate_json(text)


def dump_agents(agents: dict[str, AgentDefinition]) -> str:
    """JSON of agent definitions by name."""
    return _AGENTS.dump_json(agents).decode()


def load_agents(text: str) -> dict[str, AgentDefinition]:
    """The definitions that `dump_agents` wrote."""
    return _AGENTS.validate_json(text)


def dump_project(project: Project) -> str:
    """JSON of what a project file says."""
    return _project().dump_json(project).decode()


def load_project(text: str) -> Project:
    """What `dump_project` wrote."""
    return _project().validate_json(text)


@cache
def _project() -> TypeAdapter[Project]:
    """Most executions have none, and an adapter takes time to make."""
    return TypeAdapter(Project)
