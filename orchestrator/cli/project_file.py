"""The project file that belongs to a workflow: that of the checkout, or that of the same commit.

It says which programs run, so it is trusted as much as the workflow and comes from the same place, once: an execution
keeps what it said at its start, and no node reads it from a workspace.
"""

from __future__ import annotations

from orchestrator.cli.reading import read
from orchestrator.definition.project import FILE, Project
from orchestrator.lifecycle.ports import Git
from orchestrator.settings import Settings


def of_checkout(settings: Settings) -> Project:
    """The project file at the repository's root; the defaults where there is none. `InvalidDefinition`."""
    path = settings.root / FILE
    return _parsed(read(path, FILE) if path.exists() else None)


def of_commit(git: Git, commit: str) -> Project:
    """The project file of a commit; the defaults where it has none. `InvalidDefinition`."""
    return _parsed(git.read(commit, FILE))


def _parsed(text: bytes | None) -> Project:
    """Most repositories have none, and need no parser."""
    if not text:
        return Project()
    from orchestrator.definition.project_file import parse_project

    return parse_project(text)
