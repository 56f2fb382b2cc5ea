"""From the words of a command line to a checked request to start an execution."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cli.decisions import person
from orchestrator.cli.workflow_files import agents_of, find, name_of, read, transcripts_of
from orchestrator.definition.events import event_name
from orchestrator.definition.inputs import check_inputs
from orchestrator.definition.model import JsonValue
from orchestrator.definition.parse import load_workflow
from orchestrator.errors import BadInput, NotFound
from orchestrator.lifecycle.ports import Git
from orchestrator.lifecycle.start import StartRequest
from orchestrator.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a person asked for: a workflow by file or id, `KEY=VALUE` inputs, a ref, and an event's payload."""

    workflow: str
    inputs: Sequence[str] = ()
    ref: str | None = None
    event: Path | None = None
    event_name: str | None = None


def request(settings: Settings, git: Git, wanted: Wanted) -> StartRequest:
    """Read and check everything an execution needs; `BadInput`, `InvalidDefinition` or `NotFound` say what is wrong."""
    path = find(settings, wanted.workflow)
    text = read(path, name_of(settings, path))
    agents = agents_of(settings)
    workflow = load_workflow(text, name_of(settings, path), workflows_dir=settings.workflows_dir, agents=agents)
    inputs = check_inputs(workflow, _inputs(wanted.inputs))
    payload = _payload(wanted.event) if wanted.event else {"inputs": inputs}
    name = wanted.event_name or event_name(payload)
    if name is None:
        raise BadInput(f"{wanted.event} does not say which event it is", hint="name it with --event-name")
    return StartRequest(
        workflow=workflow,
        source=text.decode("utf-8"),
        agents={name: agents[name] for name in workflow.agents},
        files=transcripts_of(path),
        inputs=inputs,
        triggered_by=person(os.environ),
        event_name=name,
        event=payload,
        snapshot=git.snapshot(wanted.ref),
        repository_path=str(settings.root),
    )


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
