"""Everything that a store has of one execution, for taking it elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.execution.effects import Effect
from orchestrator.execution.experience import AgentRun
from orchestrator.execution.ledger import Reservation
from orchestrator.execution.publication import Publication
from orchestrator.execution.showing import Showing, Shown
from orchestrator.execution.state import Execution, NodeRun, Plan
from orchestrator.lifecycle.ports.intake import Decision, HeldStart, Vote


@dataclass(frozen=True, kw_only=True, slots=True)
class Dossier:
    """One execution as a store has it. Logs and blobs are elsewhere; digests in here name the blobs.

    Lists are in the order of their keys: `runs` by index, `edges` sorted, `effects` as they were written. Ids that
    count rows of one store are 0. `copies` are digests of what git had, by name, for machines without the commits.
    """

    execution: Execution
    plan: Plan
    runs: tuple[NodeRun, ...] = ()
    edges: tuple[tuple[int, int], ...] = ()
    reservations: tuple[Reservation, ...] = ()
    effects: tuple[Effect, ...] = ()
    showing: Showing | None = None
    shown: tuple[Shown, ...] = ()
    attempts: tuple[AgentRun, ...] = ()
    publications: tuple[Publication, ...] = ()
    decisions: tuple[Decision, ...] = ()
    held: tuple[HeldStart, ...] = ()
    votes: tuple[Vote, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)
