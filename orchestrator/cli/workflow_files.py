"""Workflow files of the checkout a command stands in: finding them, reading them, and what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from stat import S_ISREG

from orchestrator import gallery
from orchestrator.agents.collection import library
from orchestrator.agents.library import Library
from orchestrator.cli import project_file
from orchestrator.cli.place import shown
from orchestrator.cli.reading import read
from orchestrator.definition.model import AgentDefinition, Workflow
from orchestrator.definition.parse import load_all, load_workflow, workflow_id
from orchestrator.definition.project import FILE, Project
from orchestrator.definition.reader import nearest
from orchestrator.errors import BadInput, InvalidDefinition, NotFound, Problem, SetupError
from orchestrator.lifecycle.limits import MAX_TRANSCRIPT_BYTES
from orchestrator.settings import Settings

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Collection:
    """What a set of files holds. `files` are paths relative to the repository's root, and so are those of problems."""

    files: tuple[str, ...]
    workflows: tuple[Workflow, ...]
    problems: tuple[Problem, ...]

    @property
    def broken(self) -> tuple[str, ...]:
        """The files with problems."""
        return tuple(dict.fromkeys(problem.place.file for problem in self.problems if problem.place))


def collect(settings: Settings, paths: Sequence[Path]) -> Collection:
    """Read `paths` (files, folders with files below them, or templates), by default the repository's workflows folder.

    Without `paths` the problems of its agent files are among the problems; those of its project file always are, since
    nothing runs with them. `NotFound` for a path that does not exist; problems of files are collected and never raised.
    """
    files = dict(_named(settings, paths))
    project, wrong = _project(settings)
    read_texts, unreadable = _read({name: path for name, path in files.items() if name != FILE})
    known = library(settings.root)
    loaded = load_all(read_texts, workflows_dir=settings.workflows_dir, agents=known.agents, project=project)
    of_agents = _missed(loaded.problems, known) if paths else known.problems
    return Collection(
        files=(*files, *((FILE,) if not paths and (settings.root / FILE).exists() else ())),
        workflows=tuple(loaded.workflows.values()),
        problems=(*wrong, *unreadable, *loaded.problems, *of_agents),
    )


def texts(settings: Settings) -> tuple[dict[str, bytes], tuple[Problem, ...]]:
    """The content of every file of the workflows folder by path, and what is wrong with those that cannot be read."""
    found, problems = _read({name_of(settings, path): path for path in _files(settings, ())})
    return found, tuple(problems)


def _read(files: Mapping[str, Path]) -> tuple[dict[str, bytes], list[Problem]]:
    found, unreadable = dict[str, bytes](), list[Problem]()
    for name, path in files.items():
        try:
            found[name] = read(path, name)
        except InvalidDefinition as error:
            unreadable += error.problems
    return found, unreadable


def _project(settings: Settings) -> tuple[Project, tuple[Problem, ...]]:
    try:
        return project_file.of_checkout(settings), ()
    except InvalidDefinition as error:
        return Project(), error.problems


def load(settings: Settings, reference: str) -> Workflow:
    """The workflow that `reference` names: a file, an id or a template. `NotFound`, or `InvalidDefinition`."""
    path = Path(reference) if gallery.is_template(reference) else find(settings, reference)
    collection = collect(settings, [path])
    if collection.problems:
        raise InvalidDefinition(collection.problems)
    return collection.workflows[0]


def find(settings: Settings, reference: str) -> Path:
    """The file that `reference` means: a path, or the id of a workflow of this repository. `NotFound` otherwise."""
    path = Path(reference)
    if reference and name_of(settings, path) == FILE:
        raise BadInput(f"{FILE} holds no workflow", hint="name a file of the workflows folder")
    if path.is_file() and path.suffix in SUFFIXES:
        return path
    by_id = {workflow_id(name_of(settings, file), settings.workflows_dir): file for file in _files(settings, ())}
    if reference in by_id:
        return by_id[reference]
    if path.is_file():
        return path
    if reference and path.is_dir():
        raise BadInput(f"{reference} is a folder", hint="name one of the files in it")
    known = ", ".join(by_id) or f"there are no files in {shown(settings.workflows_path)}"
    shipped = [each.reference for each in gallery.templates() if each.name == reference]
    hint = nearest(reference, by_id) or nearest(reference, shipped) or f"known ids: {known}"
    raise NotFound(f"there is no workflow file or id `{reference}`", hint=hint)


def parsed(
    settings: Settings, name: str, text: bytes, known: Library, project: Project
) -> tuple[Workflow, dict[str, AgentDefinition]]:
    """The workflow in the text of the file `name`, and those of the `known` agents it names. `InvalidDefinition`."""
    folder = settings.workflows_dir
    try:
        workflow = load_workflow(text, name, workflows_dir=folder, agents=known.agents, project=project)
    except InvalidDefinition as error:
        raise InvalidDefinition((*error.problems, *_missed(error.problems, known))) from error
    return workflow, {agent: known.agents[agent] for agent in workflow.agents}


def _missed(problems: Sequence[Problem], known: Library) -> tuple[Problem, ...]:
    """What is wrong with the files of agents that `problems` say are not there."""
    said = " ".join(problem.message for problem in problems)
    return tuple(
        wrong for wrong in known.problems if wrong.place and f"no agent `{PurePath(wrong.place.file).stem}`" in said
    )


def transcripts_of(path: Path) -> dict[str, str]:
    """The recorded transcripts beside a workflow file, by node run key: `three-agents.replay/fix.jsonl`.

    `BadInput` for one that cannot be read.
    """
    folder = path.with_suffix(".replay")
    return {file.stem: _transcript(file) for file in sorted(folder.glob("*.jsonl"))}


def _transcript(file: Path) -> str:
    try:
        if not S_ISREG(file.stat().st_mode):
            raise BadInput(f"the transcript {file} is no ordinary file", hint="record it anew")
        if file.stat().st_size > MAX_TRANSCRIPT_BYTES:
            limit = f"{MAX_TRANSCRIPT_BYTES:,} bytes"
            raise BadInput(f"the transcript {file} is larger than {limit}", hint="record a shorter run")
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"the transcript {file} cannot be read: {error.strerror}", hint="record it anew") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"the transcript {file} is not UTF-8: {error}", hint="record it anew") from error


def name_of(settings: Settings, path: Path) -> str:
    """The path of a file from the repository's root, which names it everywhere; as given when it lies elsewhere."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links to other names
    return absolute.relative_to(settings.root).as_posix() if absolute.is_relative_to(settings.root) else str(path)


def _named(settings: Settings, paths: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Files by the paths that name them everywhere."""
    for path in paths:
        if gallery.is_template(str(path)) and not path.exists():
            shipped = gallery.template(str(path))
            yield shipped.path(settings.workflows_dir), shipped.file
        else:
            yield from ((name_of(settings, file), file) for file in _files(settings, [path]))
    if not paths:
        yield from ((name_of(settings, file), file) for file in _files(settings, ()))


def _files(settings: Settings, paths: Sequence[Path]) -> Iterator[Path]:
    if not paths and settings.workflows_path.is_dir():
        yield from _below(settings.workflows_path)
    for path in paths:
        if path.is_dir():
            yield from _below(path)
        elif path.exists():
            yield path
        else:
            raise NotFound(f"there is no file or folder {path}")


def _below(folder: Path) -> Iterator[Path]:
    """YAML files by name, hidden folders and linked ones left out."""
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if name.endswith(SUFFIXES))


def _refuse(error: OSError) -> None:
    raise SetupError(f"the folder {error.filename} cannot be read: {error.strerror}", hint="check its permissions")
