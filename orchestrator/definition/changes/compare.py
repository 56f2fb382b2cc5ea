"""Every file of two commits compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from orchestrator.definition.changes import values
from orchestrator.definition.changes.differences import Differences
from orchestrator.definition.changes.graphs import marked
from orchestrator.definition.changes.model import (
    ChangedFile,
    DefinitionChanges,
    Definitions,
    FileKind,
    FileState,
    MarkedGraph,
)
from orchestrator.definition.changes.moves import moved_files
from orchestrator.definition.changes.places import Places
from orchestrator.definition.changes.rules import agent_table, project_table
from orchestrator.definition.changes.workflows import compared
from orchestrator.definition.model import AgentDefinition, Workflow
from orchestrator.definition.parse import load_all, workflow_id
from orchestrator.definition.project import FILE, Project
from orchestrator.errors import InvalidDefinition, Place, Problem

_FOLDER = "workflows"


def definitions(
    files: Mapping[str, str | bytes],
    *,
    agents: Mapping[str, AgentDefinition],
    agent_problems: Sequence[Problem] = (),
    workflows_dir: str = _FOLDER,
) -> Definitions:
    """What the files of a commit define: those of the workflows folder, and `mycelium.yaml` if it has one. `agents` are
    all that its workflows may name. Problems are collected and never raised."""
    project, wrong = _project(files.get(FILE))
    texts = {path: text for path, text in files.items() if path != FILE}
    loaded = load_all(texts, workflows_dir=workflows_dir, agents=agents, project=project)
    return Definitions(
        texts=files,
        workflows={workflow.path: workflow for workflow in loaded.workflows.values()},
        agents=agents,
        project=project,
        problems=(*wrong, *loaded.problems, *agent_problems),
    )


def _project(text: str | bytes | None) -> tuple[Project, tuple[Problem, ...]]:
    if not text:
        return Project(), ()
    from orchestrator.definition.project_file import parse_project

    try:
        return parse_project(text), ()
    except InvalidDefinition as error:
        return Project(), error.problems


def changes(before: Definitions, after: Definitions, *, workflows_dir: str = _FOLDER) -> DefinitionChanges:
    """Every file that differs; empty where nothing does."""
    workflows = [*_workflows(before, after, workflows_dir)]
    others = _broken(after) - {*before.texts, *after.texts, FILE, *(file.path for file in workflows)}
    return DefinitionChanges(files=(*workflows, *_agents(before, after, others), *_project_file(before, after)))


def _workflows(before: Definitions, after: Definitions, folder: str) -> Iterator[ChangedFile]:
    moves = moved_files(_texts(before), _texts(after))
    origins = {new: old for old, new in moves.items()}
    unreadable = {path for path in _broken(after) if PurePosixPath(path).is_relative_to(folder)}
    for path in sorted({*_texts(before), *_texts(after), *unreadable} - set(moves)):
        found = _workflow(path, origins.get(path, path), before, after, folder)
        if found:
            yield found


def _broken(side: Definitions) -> set[str]:
    return {problem.place.file for problem in side.problems if problem.place}


def _texts(side: Definitions) -> dict[str, str | bytes]:
    return {path: text for path, text in side.texts.items() if path != FILE}


def _workflow(path: str, origin: str, before: Definitions, after: Definitions, folder: str) -> ChangedFile | None:
    was, now = before.workflows.get(origin), after.workflows.get(path)
    problems = after.problems_of(path)
    is_same = before.texts.get(origin) == after.texts.get(path) and was == now
    if path == origin and is_same and problems == before.problems_of(path):
        return None
    found, graph = compared(was, now, after.texts[path]) if now else ((), None)
    state = _state(path, origin, before, after)
    return ChangedFile(
        kind=FileKind.WORKFLOW,
        name=workflow_id(path, folder),
        path=path,
        state=FileState.REWRITTEN if state is FileState.CHANGED and not found else state,
        previous_path=origin if origin != path else "",
        changes=found,
        problems=problems,
        was_valid=was is not None,
        graph=graph or (_gone(was) if state is FileState.REMOVED else None),
    )


def _state(path: str, origin: str, before: Definitions, after: Definitions) -> FileState:
    if path not in after.workflows:
        return FileState.BROKEN if after.problems_of(path) else FileState.REMOVED
    if origin not in before.texts:
        return FileState.ADDED
    if origin not in before.workflows:
        return FileState.MENDED
    return FileState.RENAMED if path != origin else FileState.CHANGED


def _gone(workflow: Workflow | None) -> MarkedGraph | None:
    return marked(workflow.nodes, {}, {}, frozenset()) if workflow else None


def _agents(before: Definitions, after: Definitions, broken: set[str]) -> Iterator[ChangedFile]:
    fresh = {path for path in broken if after.problems_of(path) != before.problems_of(path)}
    for name in sorted({*before.agents, *after.agents}):
        was, now = before.agents.get(name), after.agents.get(name)
        is_told = was is not None and now is None and was.source in fresh
        if was != now and not is_told:
            yield _agent(name, was, now, _users(name, before, after))
    for path in sorted(fresh):
        name = PurePosixPath(path).stem
        yield ChangedFile(
            kind=FileKind.AGENT,
            name=name,
            path=path,
            state=FileState.BROKEN,
            problems=after.problems_of(path),
            used_by=_users(name, before, after),
        )


def _agent(
    name: str, before: AgentDefinition | None, after: AgentDefinition | None, users: tuple[str, ...]
) -> ChangedFile:
    sources = [each.source for each in (after, before) if each and "/" in each.source]
    path = sources[0] if sources else name
    here, there = (values.of_agent(each) if each else {} for each in (before, after))
    found = Differences(agent_table()).between(here, there) if before and after else ()
    # One that ships with Mycelium lies in no folder of the repository.
    place = Place(file=path) if after and after.source == path else None
    return ChangedFile(
        kind=FileKind.AGENT,
        name=name,
        path=path,
        state=FileState.CHANGED if before and after else FileState.ADDED if after else FileState.REMOVED,
        previous_path=before.source if before and "/" in before.source and before.source != path else "",
        changes=tuple(replace(change, place=place) for change in found),
        used_by=users,
    )


def _users(agent: str, *sides: Definitions) -> tuple[str, ...]:
    return tuple(sorted({each.id for side in sides for each in side.workflows.values() if agent in each.agents}))


def _project_file(before: Definitions, after: Definitions) -> Iterator[ChangedFile]:
    was, now = before.texts.get(FILE), after.texts.get(FILE)
    problems = after.problems_of(FILE)
    if was == now and problems == before.problems_of(FILE):
        return
    places = Places(now or "", FILE)
    here, there = values.of_project(before.project), values.of_project(after.project)
    found = () if problems else tuple(Differences(project_table(), places).between(here, there))
    yield ChangedFile(
        kind=FileKind.PROJECT,
        name=FILE,
        path=FILE,
        state=_project_state(before, after, bool(found)),
        changes=found,
        problems=problems,
    )


def _project_state(before: Definitions, after: Definitions, differs: bool) -> FileState:
    if after.problems_of(FILE):
        return FileState.BROKEN
    if before.problems_of(FILE):
        return FileState.MENDED
    if FILE not in after.texts:
        return FileState.REMOVED
    if FILE not in before.texts:
        return FileState.ADDED
    return FileState.CHANGED if differs else FileState.REWRITTEN
