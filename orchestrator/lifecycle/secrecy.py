"""Which executions get secrets, and what no text of ours may show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrator.definition.event import from_fork
from orchestrator.definition.expressions import as_text
from orchestrator.definition.inputs import InvalidInputs
from orchestrator.definition.model import InputType, JsonValue, Workflow
from orchestrator.errors import Problem
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.services import Services


def secrets_for(services: Services, execution: Execution) -> Mapping[str, str]:
    """The secrets that nodes of an execution may be given, by name; none where it works on the commit of a fork.

    Whoever allowed an execution for a fork has looked at the change, and not at everything that reads a secret.
    """
    return {} if from_fork(execution.event) else services.secrets


def mask_of(services: Services) -> Mask:
    """What no text that is stored, shown or sent may hold: secrets, and what Mycelium itself gets in with."""
    return Mask((*services.secrets.values(), *services.hidden))


_FREE: Final = (InputType.STRING, InputType.NUMBER)
"""Inputs that may be anything; the values of all others stand in the workflow's file."""

_INSTEAD: Final = "leave it out; what an MCP server needs it is given by its `secrets` in mycelium.yaml"


def keep_out_secrets(services: Services, workflow: Workflow, inputs: Mapping[str, JsonValue]) -> None:
    """`InvalidInputs` where an input holds what no text of ours may show: inputs go on as they were given, with an
    execution to other machines too, so that they cannot be masked."""
    mask = mask_of(services)
    problems = [
        Problem(message=f"input `{name}` holds {_what(services, text)}, and inputs are kept and shown", hint=_INSTEAD)
        for name, declared in workflow.inputs.items()
        if declared.type in _FREE and inputs[name] != declared.default
        if mask.holds(text := as_text(inputs[name]))
    ]
    if problems:
        raise InvalidInputs(problems)


def _what(services: Services, text: str) -> str:
    names = [name for name, value in services.secrets.items() if Mask([value]).holds(text)]
    return f"the secret `{names[0]}`" if names else "a key or token of Mycelium's own"
