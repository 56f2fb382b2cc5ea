"""How a failure is called: the `error_code` people search for, and the sentence an execution ends with."""

from __future__ import annotations

from typing import Final

from orchestrator.definition.model import NodeKind
from orchestrator.execution.outcome import FailureClass
from orchestrator.execution.state import NodeRun

_LONGEST_MESSAGE = 2_000


def error_code(kind: NodeKind, failure: FailureClass) -> str:
    """`AGENT_TIMEOUT`, `RUN_EXIT`; a vanished worker is `WORKER_LOST` whatever the node was."""
    owner = "worker" if failure is FailureClass.LOST else kind.value
    return f"{owner}_{failure.value}".upper()


SHORT_OF_BUDGET: Final = tuple(error_code(kind, FailureClass.BUDGET) for kind in (NodeKind.AGENT, NodeKind.MERGE))
"""What a queued node run shows that waits for others to give back what they have reserved."""


def sentence(run: NodeRun) -> str:
    """What an execution says about the node run that failed it."""
    message = run.outcome.message if run.outcome else ""
    text = f"node `{run.key}` failed: {message or run.error_code}"
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[: _LONGEST_MESSAGE - 1]}…"
