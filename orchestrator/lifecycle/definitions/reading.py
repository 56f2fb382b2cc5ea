"""The files of a commit that define something: one rule of what belongs to it, and one reader for all who ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final, Protocol

from orchestrator.definition.model import AgentDefinition
from orchestrator.definition.parse import SHIPPED, workflow_id
from orchestrator.definition.project import FILE
from orchestrator.errors import Problem, Unavailable
from orchestrator.lifecycle.ports import Git

_SUFFIXES: Final = (".yaml", ".yml")


class Agents(Protocol):
    """What agents' files come to."""

    @property
    def agents(self) -> Mapping[str, AgentDefinition]:
        """All that workflows may name, by name; those that ship are among them."""
        ...

    @property
    def problems(self) -> Sequence[Problem]:
        """What is wrong with the files that gave none."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class DefinitionFiles:
    """What a commit has, not parsed: workflows and agents by path, and transcripts by workflow id and node run key."""

    workflows: Mapping[str, bytes]
    agents: Mapping[str, str]
    transcripts: Mapping[str, Mapping[str, str]]
    project: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DefinitionReader:
    """Reads commits of one repository.

    `is_agent` tells which paths are agents' files, all of which lie below `agent_folders`; `library` makes agents of
    their texts by path. These are handed in, because reading agents is another room's business. `installed` are files,
    by path, that come with the installed version: they count as if every commit had them, and no commit can change
    them.
    """

    git: Git
    workflows_dir: str
    is_agent: Callable[[str], bool]
    library: Callable[[Mapping[str, str]], Agents]
    agent_folders: Sequence[str] = ()
    installed: Mapping[str, bytes] = field(default_factory=dict)

    def read(self, commit: str) -> DefinitionFiles:
        """`Unavailable` where the commit cannot be had."""
        if not self.git.has(commit) and not self.git.fetch(commit):
            raise Unavailable(f"the commit {commit[:12]} is not in the repository", hint="it may come with a push")
        paths = [path for path in self.git.files(commit) if self.defines(path) or self._is_transcript(path)]
        texts = {**self.git.read_all(commit, paths), **self.installed}
        return DefinitionFiles(
            workflows={path: text for path, text in texts.items() if is_workflow_path(path, self.workflows_dir)},
            agents={path: decoded(text) for path, text in texts.items() if self.is_agent(path)},
            transcripts=self._transcripts(texts),
            project=texts.get(FILE),
        )

    def defines(self, path: str) -> bool:
        """Whether a file at this path is a workflow, an agent or the project file."""
        if self._ships(path):
            return False
        return path == FILE or is_workflow_path(path, self.workflows_dir) or self.is_agent(path)

    def _ships(self, path: str) -> bool:
        return path.startswith(f"{self.workflows_dir}/{SHIPPED}")

    def _is_transcript(self, path: str) -> bool:
        if self._ships(path) and path not in self.installed:
            return False
        pure = PurePosixPath(path)
        return pure.suffix == ".jsonl" and pure.parent.suffix == ".replay" and pure.is_relative_to(self.workflows_dir)

    def _transcripts(self, texts: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for path, text in texts.items():
            if self._is_transcript(path):
                of = workflow_id(str(PurePosixPath(path).parent.with_suffix(".yaml")), self.workflows_dir)
                found.setdefault(of, {})[PurePosixPath(path).stem] = decoded(text)
        return found


def is_workflow_path(path: str, workflows_dir: str) -> bool:
    """Whether the file at this path is a workflow: in the folder, and in no hidden folder below it.

    The folder itself may lie in a hidden one, as `.github/mycelium`, and a hidden file is one like any other: so it is
    with the files of a checkout.
    """
    pure = PurePosixPath(path)
    if not pure.is_relative_to(workflows_dir) or pure.suffix not in _SUFFIXES:
        return False
    return not any(part.startswith(".") for part in pure.relative_to(workflows_dir).parts[:-1])


def decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")
