"""What has changed in the definitions of this repository since a commit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from orchestrator.agents.collection import library
from orchestrator.agents.library import Library
from orchestrator.cli.reading import read
from orchestrator.cli.workflow_files import find, name_of
from orchestrator.cli.workflow_files import texts as checkout_texts
from orchestrator.definition.changes import ChangedFile, DefinitionChanges, Definitions, changes, definitions
from orchestrator.definition.parse import workflow_id
from orchestrator.definition.project import FILE
from orchestrator.errors import BadInput, InvalidDefinition, Problem
from orchestrator.lifecycle.definitions.changed import ChangedWorkflows
from orchestrator.lifecycle.ports import Git
from orchestrator.settings import Settings

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def since(settings: Settings, ref: str, workflow: str | None = None) -> DefinitionChanges:
    """What differs between the commit that `ref` names and the checkout: everything, or one workflow and the agents it
    names. A commit that only `origin` has is fetched. `BadInput` for a ref that does not exist, `NotFound` for a
    workflow that is on neither side."""
    from orchestrator.app import repository

    git = repository(settings)
    before = of_commit(settings, git, _commit(git, ref))
    after = of_checkout(settings)
    found = changes(before, after, workflows_dir=settings.workflows_dir)
    if workflow is None:
        return found
    path = _path(settings, workflow, {*before.texts, *after.texts})
    return replace(found, files=tuple(file for file in found.files if _concerns(file, path, settings)))


def _commit(git: Git, ref: str) -> str:
    """Looked for elsewhere where the checkout is too shallow to have it, as in continuous integration."""
    return ref if _SHA.fullmatch(ref) and (git.has(ref) or git.fetch(ref)) else git.snapshot(ref).base


def of_checkout(settings: Settings) -> Definitions:
    """What the files of the checkout define, untracked ones included."""
    files, problems = checkout_texts(settings)
    if (settings.root / FILE).exists():
        try:
            files[FILE] = read(settings.root / FILE, FILE)
        except InvalidDefinition as error:
            problems = (*problems, *error.problems)
    return _defined(settings, files, library(settings.root), problems)


def of_commit(settings: Settings, git: Git, commit: str) -> Definitions:
    """What the files of a commit define."""
    from orchestrator.app import definition_reader

    return ChangedWorkflows(reader=definition_reader(settings, git)).of(commit)


def _defined(
    settings: Settings, files: Mapping[str, str | bytes], known: Library, problems: tuple[Problem, ...] = ()
) -> Definitions:
    return definitions(
        files,
        agents=known.agents,
        agent_problems=(*known.problems, *problems),
        workflows_dir=settings.workflows_dir,
    )


def _path(settings: Settings, reference: str, known: set[str]) -> str:
    """The path that a file or an id names on either side."""
    named = name_of(settings, Path(reference))
    by_id = {workflow_id(path, settings.workflows_dir): path for path in known}
    if found := named if named in known else by_id.get(reference):
        return found
    outside = find(settings, reference)
    raise BadInput(f"{outside} lies outside of the workflows folder", hint=f"put it into {settings.workflows_dir}/")


def _concerns(file: ChangedFile, path: str, settings: Settings) -> bool:
    used = workflow_id(path, settings.workflows_dir) in file.used_by
    return path in (file.path, file.previous_path) or used or file.path == FILE
