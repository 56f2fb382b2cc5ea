"""Which executions get secrets: none that works on the commit of a stranger's fork."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.definition.event import from_fork
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.services import Services


def secrets_for(services: Services, execution: Execution) -> Mapping[str, str]:
    """The secrets that nodes of an execution may be given, by name.

    Whoever allowed an execution for a fork has looked at the change, and not at everything that reads a secret.
    """
    return {} if from_fork(execution.event) else services.secrets
