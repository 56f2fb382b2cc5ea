"""What one commit changes in the definitions of another: read from git, compared by `definition.changes`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orchestrator.definition.changes import DefinitionChanges, Definitions, changes, definitions
from orchestrator.definition.project import FILE
from orchestrator.errors import BadInput
from orchestrator.lifecycle.definitions.reading import DefinitionFiles, DefinitionReader

MOST_FILES: Final = 1_000
MOST_BYTES: Final = 4_000_000
"""Anybody may propose files, and reading them takes our time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedWorkflows:
    """`Comparison` on the repository that executions work on."""

    reader: DefinitionReader

    def concerns(self, path: str) -> bool:
        return self.reader.defines(path)

    def between(self, before: str, after: str) -> DefinitionChanges:
        return changes(self.of(before), self.of(after), workflows_dir=self.reader.workflows_dir)

    def of(self, commit: str) -> Definitions:
        """What the files of a commit define, in the form that is compared. `Unavailable` where it cannot be had,
        `BadInput` where they are too many."""
        files = self.reader.read(commit)
        _check_size(files)
        texts: dict[str, str | bytes] = {**files.workflows}
        if files.project is not None:
            texts[FILE] = files.project
        library = self.reader.library(files.agents)
        return definitions(
            texts,
            agents=library.agents,
            agent_problems=library.problems,
            workflows_dir=self.reader.workflows_dir,
        )


def _check_size(files: DefinitionFiles) -> None:
    if len(files.workflows) > MOST_FILES:
        raise BadInput(f"there are more than {MOST_FILES:,} workflow files", hint="leave some of them out")
    if sum(map(len, (*files.workflows.values(), *files.agents.values()))) > MOST_BYTES:
        raise BadInput(f"workflows and agents come to more than {MOST_BYTES:,} bytes", hint="make them smaller")
