"""Which executions get secrets, and what no text of ours may show."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.definition.event import from_fork
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
