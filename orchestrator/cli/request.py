"""From the words of a command line to a checked request to start an execution."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.cli.decisions import person
from orchestrator.cli.transcripts import prepared
from orchestrator.cli.workflow_files import parsed
from orchestrator.cli.workflow_source import of_checkout, of_commit
from orchestrator.definition.events import event_name
from orchestrator.definition.inputs import InvalidInputs, check_inputs
from orchestrator.definition.model import JsonValue, Workflow
from orchestrator.errors import BadInput, InvalidDefinition, NotFound, Place
from orchestrator.lifecycle.ports import Git
from orchestrator.lifecycle.start import StartRequest
from orchestrator.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a person asked for: a workflow by file or id, `KEY=VALUE` inputs, a ref, and an event's payload.

    `record` is the folder for transcripts of what agents do.
    """

    workflow: str
    inputs: Sequence[str] = ()
    ref: str | None = None
    event: Path | None = None
    event_name: str | None = None
    record: Path | None = None


def request(settings: Settings, git: Git, wanted: Wanted) -> StartRequest:
    """Read and check everything an execution needs; `BadInput`, `InvalidDefinition` or `NotFound` say what is wrong."""
    snapshot = git.snapshot(wanted.ref) if wanted.ref else None
    found = (
        of_commit(settings, git, snapshot.base, wanted.workflow) if snapshot else of_checkout(settings, wanted.workflow)
    )
    workflow, agents = parsed(settings, found.name, found.text, found.agents, found.project)
    inputs = _checked(workflow, _inputs(wanted.inputs))
    payload = _payload(wanted.event) if wanted.event else {"inputs": inputs}
    name = wanted.event_name or event_name(payload)
    if name is None:
        raise BadInput(f"{wanted.event} does not say which event it is", hint="name it with --event-name")
    return StartRequest(
        workflow=workflow,
        source=found.text.decode("utf-8"),
        agents=agents,
        files=found.transcripts,
        inputs=inputs,
        triggered_by=person(os.environ),
        event_name=name,
        event=payload,
        snapshot=snapshot or git.snapshot(),
        repository_path=str(settings.root),
        project=found.project,
        record=wanted.record is not None and bool(prepared(wanted.record)),
    )


def _checked(workflow: Workflow, given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Inputs that fit; what does not is told with the file that declares them, and how to give them here."""
    try:
        return check_inputs(workflow, given)
    except InvalidInputs as error:
        place = Place(file=workflow.path)
        how = "give it with --input NAME=VALUE"
        raise InvalidDefinition(
            [replace(each, place=place, hint=each.hint or how) for each in error.problems]
        ) from error


def _inputs(words: Sequence[str]) -> dict[str, JsonValue]:
    """`KEY=VALUE` words; values are text here, and become what the input's type says."""
    given: dict[str, JsonValue] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise BadInput(f"--input {word!r} is not KEY=VALUE", hint="write it as --input name=value")
        if key in given:
            raise BadInput(f"--input {key} is given twice", hint="keep one of them")
        given[key] = value
    return given


def _payload(path: Path) -> dict[str, JsonValue]:
    try:
        payload = json.loads(path.read_bytes(), parse_constant=_refuse)
    except OSError as error:
        raise NotFound(
            f"cannot read the event {path}: {error.strerror}", hint="--event names a file with a webhook's payload"
        ) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the event {path} is not JSON: {error}", hint="save a webhook's payload") from error
    if not isinstance(payload, dict):
        raise BadInput(f"the event {path} is not a JSON object", hint="save a webhook's payload")
    return payload


def _refuse(constant: str) -> JsonValue:
    raise ValueError(f"{constant} is no number in JSON")
