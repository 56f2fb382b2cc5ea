"""Definitions as a commit has them: workflows, agents and project file, read from git alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Final

from orchestrator.definition.codec import dump_agents, dump_project
from orchestrator.definition.parse import load_all, workflow_id
from orchestrator.definition.project import FILE, Project
from orchestrator.errors import InvalidDefinition, Problem
from orchestrator.lifecycle.definitions.reading import DefinitionReader, decoded
from orchestrator.lifecycle.ports.definitions import Definitions

MOST_VERSIONS: Final = 50
"""How many versions back a valid one is looked for: those in which a broken file, an agent or the project file
changed."""

_KEPT: Final = 8


class CommittedDefinitions:
    """`DefinitionSource` on the repository that executions work on; the latest commits are read once."""

    def __init__(self, reader: DefinitionReader) -> None:
        self._reader = reader
        self._known: dict[str, Definitions] = {}
        self._standing: dict[str, Definitions] = {}

    def at(self, commit: str) -> Definitions:
        found = self._known.get(commit)
        return found or _kept(self._known, commit, self._read(commit))

    def in_force(self, commit: str) -> Definitions:
        found = self._standing.get(commit)
        return found or _kept(self._standing, commit, self._with_last_valid(self.at(commit)))

    def _with_last_valid(self, now: Definitions) -> Definitions:
        return now.going_on(self._last_valid(now.commit, now.broken)) if now.broken else now

    def _last_valid(self, commit: str, broken: Sequence[str]) -> dict[str, Definitions]:
        """The newest version of each, as the branch had it: what was never its tip, on a branch that was merged, counts
        for nothing. A file that was removed in between begins anew."""
        folder = self._reader.workflows_dir
        files = [f"{folder}/{name}{suffix}" for name in broken for suffix in (".yaml", ".yml")]
        paths = [*files, FILE, *self._reader.agent_folders]
        found: dict[str, Definitions] = {}
        left = set(broken)
        for version in self._reader.git.history(commit, paths, limit=MOST_VERSIONS):
            then = self._known.get(version) or self._read(version)
            valid = left & then.workflows.keys()
            found.update(dict.fromkeys(valid, then))
            left = (left - valid) & then.sources.keys()
            if not left:
                break
        return found

    def _read(self, commit: str) -> Definitions:
        files = self._reader.read(commit)
        folder = self._reader.workflows_dir
        agents = self._reader.library(files.agents).agents
        project, wrong = _project(files.project)
        loaded = load_all(files.workflows, workflows_dir=folder, agents=agents, project=project)
        return Definitions(
            commit=commit,
            # With a project file that cannot be read nobody knows which programs would run.
            workflows={} if wrong else loaded.workflows,
            sources={workflow_id(path, folder): decoded(text) for path, text in files.workflows.items()},
            agents=agents,
            transcripts=files.transcripts,
            project=project,
            problems=(*wrong, *loaded.problems),
        )


def _kept(known: dict[str, Definitions], commit: str, found: Definitions) -> Definitions:
    for forgotten in list(known)[: 1 - _KEPT]:
        known.pop(forgotten, None)
    known[commit] = found
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
    """A hash over everything that decides what a workflow runs: its text, agents, transcripts and the project file."""
    of = definitions.of(workflow_id)
    workflow = of.workflows[workflow_id]
    agents = {name: of.agents[name] for name in workflow.agents if name in of.agents}
    played = json.dumps(sorted(of.transcripts.get(workflow_id, {}).items()))
    parts = (of.sources.get(workflow_id, ""), dump_agents(agents), dump_project(of.project), played)
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8))
        digest.update(data)
    return digest.hexdigest()
