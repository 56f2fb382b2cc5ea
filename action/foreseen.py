"""What the job will probably run, told from the checkout alone, before anything runs; GitHub and git are not asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from action.job import Job
from action.step import Step
from orchestrator.definition.commands import Command, Verb, command_line, parse_command
from orchestrator.definition.event import Event, read_event
from orchestrator.definition.explain import is_for
from orchestrator.definition.matching import concerns, names_of
from orchestrator.definition.model import Workflow
from orchestrator.definition.parse import load_all
from orchestrator.definition.project import FILE, Project
from orchestrator.errors import InvalidDefinition
from orchestrator.gallery import is_template, template

_MOST_BYTES: Final = 1_000_000
_RUN_NOTHING: Final = frozenset({Verb.HELP, Verb.STATUS, Verb.EXPLAIN, Verb.CANCEL})


def foreseen(step: Step) -> list[Workflow]:
    """The workflows of the checkout that the event names, filters unasked; the one that the job names, if it does.

    A guess: what counts is the commit that GitHub names, and what people may do.
    """
    event = read_event(step.job.event, step.job.payload)
    everything = _of_checkout(step)
    if event.name == "issue_comment":
        return [] if runs_nothing(step.job) else everything
    if name := step.inputs.workflow:
        return [each for each in everything if name in (each.id, each.path)] or everything
    return [each for each in everything if is_for(each, event.name, step.job.payload) and _is_named(each, event)]


def runs_nothing(job: Job) -> bool:
    """Whether the event is a comment that is no command, or one that only asks."""
    event = read_event(job.event, job.payload)
    if event.name != "issue_comment":
        return False
    said = event.comment.body if event.comment and event.action == "created" else ""
    asked = parse_command(said)
    # What a workflow's own command is called is not known here.
    return command_line(said) is None or (isinstance(asked, Command) and asked.verb in _RUN_NOTHING)


def _is_named(workflow: Workflow, event: Event) -> bool:
    names = names_of(event)
    return any(each.event in names and concerns(each, event) for each in workflow.triggers)


def _of_checkout(step: Step) -> list[Workflow]:
    """All that can be read; problems are told where they matter."""
    files = dict(_texts(step))
    return list(load_all(files, workflows_dir=step.settings.workflows_dir, project=_project(step)).workflows.values())


def _texts(step: Step) -> Iterator[tuple[str, bytes]]:
    if is_template(step.inputs.workflow):
        yield from template(step.inputs.workflow).installed(step.settings.workflows_dir).items()
    for path in sorted(step.settings.workflows_path.rglob("*.y*ml")):
        # A link may lead anywhere, to what never ends too.
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= _MOST_BYTES:
            yield path.relative_to(step.settings.root).as_posix(), path.read_bytes()


def _project(step: Step) -> Project:
    from orchestrator.definition.project_file import parse_project

    path = step.settings.root / FILE
    try:
        return parse_project(path.read_bytes()) if path.is_file() and not path.is_symlink() else Project()
    except InvalidDefinition:
        return Project()
