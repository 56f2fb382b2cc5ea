"""One attempt at one node run, as all the steps that make it up see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestrator.definition.expressions import interpolate_text
from orchestrator.definition.model import Node
from orchestrator.execution.outcome import FailureClass
from orchestrator.execution.state import Execution, NodeRun, Plan
from orchestrator.lifecycle.attempts.logbook import Logbook
from orchestrator.lifecycle.attempts.tally import Tally
from orchestrator.lifecycle.attempts.temporary import Folders
from orchestrator.lifecycle.contexts import Contexts
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.ports import Control
from orchestrator.lifecycle.services import Services


class AttemptFailed(Exception):
    """A step found that the attempt cannot succeed; `failure` and `message` become its outcome."""

    def __init__(self, failure: FailureClass, message: str) -> None:
        super().__init__(message)
        self.failure = failure
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """`predecessors` are by index. `transcripts` gathers the digests of what was recorded of its agents."""

    services: Services
    execution: Execution
    plan: Plan
    run: NodeRun
    predecessors: Sequence[NodeRun]
    contexts: Contexts
    log: Logbook
    mask: Mask
    control: Control
    folders: Folders
    tally: Tally
    transcripts: list[str] = field(default_factory=list)

    @property
    def node(self) -> Node:
        return self.plan.definition.nodes[self.run.node]

    def text(self, template: str) -> str:
        """A text of the node, its expressions evaluated."""
        return interpolate_text(template, self.contexts)
