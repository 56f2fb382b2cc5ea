"""What one commit changes in the definitions of another: read from git, compared by `definition.changes`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from orchestrator.definition.changes import DefinitionChanges, changes, definitions
from orchestrator.definition.model import AgentDefinition
from orchestrator.definition.project import FILE
from orchestrator.lifecycle.ports import Git

_SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedWorkflows:
    """Compares commits of a repository. `agents` gives all that workflows of a commit may name."""

    git: Git
    agents: Callable[[str], Mapping[str, AgentDefinition]]
    workflows_dir: str = "workflows"

    def between(self, before: str, after: str) -> DefinitionChanges:
        """What `after` changes. Of a pull request `before` is where its branch left the base: what others changed there
        since is none of its doing."""
        sides = [
            definitions(
                definition_files(self.git, commit, self.workflows_dir),
                agents=self.agents(commit),
                workflows_dir=self.workflows_dir,
            )
            for commit in (before, after)
        ]
        return changes(*sides, workflows_dir=self.workflows_dir)


def definition_files(git: Git, commit: str, workflows_dir: str) -> dict[str, str | bytes]:
    """The workflow files of a commit and its project file, by path."""
    paths = (path for path in git.files(commit) if path == FILE or is_workflow_path(path, workflows_dir))
    return {path: git.read(commit, path) or b"" for path in paths}


def is_workflow_path(path: str, workflows_dir: str) -> bool:
    """Whether the file at this path is a workflow: in the folder, and in no hidden one below it."""
    pure = PurePosixPath(path)
    if not pure.is_relative_to(workflows_dir) or pure.suffix not in _SUFFIXES:
        return False
    return not any(part.startswith(".") for part in pure.relative_to(workflows_dir).parts[:-1])
