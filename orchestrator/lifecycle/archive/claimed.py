"""An execution as a record has it: what there is to be checked before it goes on."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.errors import Conflict
from orchestrator.execution.state import Execution, NodeRun, Plan
from orchestrator.lifecycle.ports import Dossier, Vote


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """What somebody says has happened; `votes` are approvals that are not enough yet."""

    execution: Execution
    plan: Plan
    runs: tuple[NodeRun, ...]
    edges: tuple[tuple[int, int], ...]
    votes: tuple[Vote, ...] = ()


def claimed(dossier: Dossier) -> Claimed:
    """What a dossier says."""
    return Claimed(
        execution=dossier.execution,
        plan=dossier.plan,
        runs=tuple(dossier.runs),
        edges=tuple(dossier.edges),
        votes=tuple(dossier.votes),
    )


def refused(execution: Execution, why: str, *, hint: str = "start the workflow anew") -> Conflict:
    """What is raised where it does not go on."""
    return Conflict(f"execution {execution.id} does not go on here: {why}", hint=hint)
