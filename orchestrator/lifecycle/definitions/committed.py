"""Definitions as a commit has them: workflows, agents and project file, read from git alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Final

from orchestrator.definition.codec import dump_agents, dump_project
from orchestrator.definition.model import AgentDefinition
from orchestrator.definition.parse import SHIPPED, load_all, workflow_id
from orchestrator.definition.project import FILE, Project
from orchestrator.errors import InvalidDefinition, Problem, Unavailable
from orchestrator.lifecycle.ports import Git
from orchestrator.lifecycle.ports.definitions import Definitions

_SUFFIXES: Final = (".yaml", ".yml")
_KEPT: Final = 8


class CommittedDefinitions:
    """`DefinitionSource` on the repository that executions work on; the latest commits are read once.

    `is_agent` tells which paths are agents' files, `agents` makes definitions of their texts by path. Both are handed
    in, because reading agents is another room's business. `installed` are files, by path, that come with the installed
    version: they count as if every commit had them, and no commit can change them.
    """

    def __init__(
        self,
        git: Git,
        workflows_dir: str,
        *,
        is_agent: Callable[[str], bool],
        agents: Callable[[Mapping[str, str]], Mapping[str, AgentDefinition]],
        installed: Mapping[str, bytes] | None = None,
    ) -> None:
        self._git = git
        self._folder = workflows_dir
        self._is_agent = is_agent
        self._agents = agents
        self._installed = dict(installed or {})
        self._known: dict[str, Definitions] = {}

    def at(self, commit: str) -> Definitions:
        found = self._known.get(commit)
        if found is None:
            if not self._git.has(commit) and not self._git.fetch(commit):
                raise Unavailable(f"the commit {commit[:12]} is not in the repository", hint="it may come with a push")
            found = self._read(commit)
            for forgotten in list(self._known)[: 1 - _KEPT]:
                self._known.pop(forgotten, None)
            self._known[commit] = found
        return found

    def _read(self, commit: str) -> Definitions:
        paths = [path for path in self._git.files(commit) if self._belongs(path)]
        texts = {**self._git.read_all(commit, paths), **self._installed}
        files = {path: text for path, text in texts.items() if self._is_workflow(path)}
        agents = self._agents({path: _decoded(text) for path, text in texts.items() if self._is_agent(path)})
        project, wrong = _project(texts.get(FILE))
        loaded = load_all(files, workflows_dir=self._folder, agents=agents, project=project)
        return Definitions(
            commit=commit,
            # With a project file that cannot be read nobody knows which programs would run.
            workflows={} if wrong else loaded.workflows,
            sources={workflow_id(path, self._folder): _decoded(text) for path, text in files.items()},
            agents=agents,
            transcripts=self._transcripts(texts),
            project=project,
            problems=(*wrong, *loaded.problems),
        )

    def _belongs(self, path: str) -> bool:
        if path.startswith(f"{self._folder}/{SHIPPED}"):
            return False
        return path == FILE or self._is_workflow(path) or self._is_transcript(path) or self._is_agent(path)

    def _is_workflow(self, path: str) -> bool:
        pure = PurePosixPath(path)
        hidden = any(part.startswith(".") for part in pure.parts)
        return pure.is_relative_to(self._folder) and pure.suffix in _SUFFIXES and not hidden

    def _is_transcript(self, path: str) -> bool:
        pure = PurePosixPath(path)
        return pure.suffix == ".jsonl" and pure.parent.suffix == ".replay" and pure.is_relative_to(self._folder)

    def _transcripts(self, texts: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for path, text in texts.items():
            if self._is_transcript(path):
                of = workflow_id(str(PurePosixPath(path).parent.with_suffix(".yaml")), self._folder)
                found.setdefault(of, {})[PurePosixPath(path).stem] = _decoded(text)
        return found


def _project(text: bytes | None) -> tuple[Project, tuple[Problem, ...]]:
    if not text:
        return Project(), ()
    from orchestrator.definition.project_file import parse_project

    try:
        return parse_project(text), ()
    except InvalidDefinition as error:
        return Project(), error.problems


def fingerprint(definitions: Definitions, workflow_id: str) -> str:
    """A hash over everything that decides what a workflow runs: its text, its agents and the project file."""
    workflow = definitions.workflows[workflow_id]
    agents = {name: definitions.agents[name] for name in workflow.agents if name in definitions.agents}
    parts = (definitions.sources.get(workflow_id, ""), dump_agents(agents), dump_project(definitions.project))
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8))
        digest.update(data)
    return digest.hexdigest()


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")
