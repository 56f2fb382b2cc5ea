"""Where `run` takes a workflow from, with all that belongs to it: the checkout's files, or those of a commit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from orchestrator import gallery
from orchestrator.agents.collection import library, shipped
from orchestrator.agents.library import Library, build, is_agent_path
from orchestrator.cli import project_file
from orchestrator.cli.reading import read
from orchestrator.cli.workflow_files import SUFFIXES, find, name_of, transcripts_of
from orchestrator.definition.project import Project
from orchestrator.errors import NotFound
from orchestrator.lifecycle.ports import Git
from orchestrator.settings import Settings

_Files: TypeAlias = tuple[str, bytes, dict[str, str]]
"""The name of a workflow file, its text, and the transcripts beside it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkflowSource:
    """A workflow file's name and text, the agents it may name, its transcripts by node run key, and what the project
    file beside it says."""

    name: str
    text: bytes
    agents: Library
    transcripts: dict[str, str]
    project: Project


def of_checkout(settings: Settings, reference: str) -> WorkflowSource:
    """The workflow that `reference` (a file, an id or a template) names in the checkout, untracked files included."""
    if gallery.is_template(reference):
        name, text, transcripts = _of_gallery(settings, reference)
    else:
        path = find(settings, reference)
        name = name_of(settings, path)
        text, transcripts = read(path, name), transcripts_of(path)
    return WorkflowSource(
        name=name,
        text=text,
        agents=library(settings.root),
        transcripts=transcripts,
        project=project_file.of_checkout(settings),
    )


def of_commit(settings: Settings, git: Git, commit: str, reference: str) -> WorkflowSource:
    """The workflow that `reference` names in a commit, with the agents of that commit. `NotFound` where it has none.

    A template is the installed one there too.
    """
    files = set(git.files(commit))
    agents = {path: _text(git, commit, path) for path in files if is_agent_path(path)}
    name, text, transcripts = (
        _of_gallery(settings, reference)
        if gallery.is_template(reference)
        else _of_files(settings, git, commit, reference, files)
    )
    return WorkflowSource(
        name=name,
        text=text,
        agents=build(agents, shipped=shipped()),
        transcripts=transcripts,
        project=project_file.of_commit(git, commit),
    )


def _of_gallery(settings: Settings, reference: str) -> _Files:
    found = gallery.template(reference)
    return found.path(settings.workflows_dir), found.file.read_bytes(), transcripts_of(found.file)


def _of_files(settings: Settings, git: Git, commit: str, reference: str, files: Collection[str]) -> _Files:
    named = name_of(settings, Path(reference))
    candidates = (named, *(f"{settings.workflows_dir}/{reference}{suffix}" for suffix in SUFFIXES))
    name = next((candidate for candidate in candidates if candidate in files), None)
    if name is None:
        raise NotFound(
            f"there is no workflow file or id `{reference}` in commit {commit[:12]}",
            hint="commit it there, or leave --ref out to take the checkout's",
        )
    folder = PurePosixPath(name).with_suffix(".replay")
    transcripts = [path for path in sorted(files) if PurePosixPath(path).match(f"{folder}/*.jsonl")]
    texts = {PurePosixPath(path).stem: _text(git, commit, path) for path in transcripts}
    return name, git.read(commit, name) or b"", texts


def _text(git: Git, commit: str, path: str) -> str:
    return (git.read(commit, path) or b"").decode("utf-8", "replace")
