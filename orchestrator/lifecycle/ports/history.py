"""What agents have done so far, asked by agent, by model and by week, and what people did with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orchestrator.execution.experience import AgentRun, Experience
from orchestrator.execution.publication import Fates


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Which attempts are meant: those that ended at `since` or later, of one workflow, of one agent.

    Replayed ones called no model, and are left out unless they are asked for.
    """

    since: datetime | None = None
    workflow_id: str | None = None
    agent: str | None = None
    replayed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """How many attempts there are, and when the last one ended: None without any. Differs when one was added."""

    attempts: int
    last_at: datetime | None


class AgentHistory(Protocol):
    """The records that `Transaction.remember` has added. Each method is one short read."""

    def by_agent(self, scope: Scope) -> list[Experience]:
        """What each agent's attempts come to, by the agent's name."""
        ...

    def by_model(self, scope: Scope) -> list[Experience]:
        """The same for each engine and model of an agent, by agent, engine and model."""
        ...

    def by_week(self, scope: Scope) -> list[Experience]:
        """The same for each week of an agent in which attempts ended, by agent, oldest first."""
        ...

    def recent(self, scope: Scope, *, limit: int) -> list[AgentRun]:
        """The last attempts that ended, newest first."""
        ...

    def extent(self, scope: Scope) -> Extent: ...

    def fates(self, scope: Scope) -> list[Fates]:
        """What became of what left Mycelium, by agent and kind; `since` is when it was published."""
        ...
