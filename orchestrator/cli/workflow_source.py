"""Where `run` takes a workflow from, with all that belongs to it: the checkout's files, or those of a commit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from orchestrator.agents.collection import library, shipped
from orchestrator.agents.library import Library, build, is_agent_path
from orchestrator.cli import project_file
from orchestrator.cli.reading import read
from orchestrator.cli.workflow_files import SUFFIXES, find, name_of, transcripts_of
from orchestrator.definition.project import Project
from orchestrator.errors import NotFound
from orchestrator.lifecycle.ports import Git
from orchestrator.settings import Settings


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
    """The workflow that `reference` (a file or an id) names in the checkout, untracked files included."""
    path = find(settings, reference)
    name = name_of(settings, path)
    return WorkflowSource(
        name=name,
        text=read(path, name),
        agents=library(settings.root),
        transcripts=transcripts_of(path),
        project=project_file.of_checkout(settings),
    )


def of_commit(settings: Settings, git: Git, commit: str, reference: str) -> WorkflowSource:
    """The workflow that `reference` names in a commit, with the agents of that commit. `NotFound` where it has none."""
    files = set(git.files(commit))
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
    agents = {path: _text(git, commit, path) for path in files if is_agent_path(path)}
    return WorkflowSource(
        name=name,
        text=git.read(commit, name) or b"",
        agents=build(agents, shipped=shipped()),
        transcripts={PurePosixPath(path).stem: _text(git, commit, path) for path in transcripts},
        project=project_file.of_commit(git, commit),
    )


def _text(git: Git, commit: str, path: str) -> str:
    return (git.read(commit, path) or b"").decode("utf-8", "replace")
