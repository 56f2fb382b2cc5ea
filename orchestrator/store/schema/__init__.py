"""The tables as they are now. `migrations/` has how they came to be, and a test keeps the two equal."""

from orchestrator.store.schema.base import metadata
from orchestrator.store.schema.executions import (
    QUEUED,
    RUN_COLUMNS,
    RUNNING,
    WAITING,
    copies,
    edges,
    executions,
    leads,
    node_runs,
    outbox,
    plans,
    reservations,
)
from orchestrator.store.schema.intake import GROUPED, HELD, UNTOLD, decisions, held_starts, marks, votes
from orchestrator.store.schema.memory import ATTEMPT_COLUMNS, agent_runs
from orchestrator.store.schema.publishing import FOLLOWED, PLANNED, publication_agents, publications
from orchestrator.store.schema.showing import BEHIND, proposals, showings, shown

__all__ = [
    "ATTEMPT_COLUMNS",
    "BEHIND",
    "FOLLOWED",
    "GROUPED",
    "HELD",
    "PLANNED",
    "QUEUED",
    "RUNNING",
    "RUN_COLUMNS",
    "UNTOLD",
    "WAITING",
    "agent_runs",
    "copies",
    "decisions",
    "edges",
    "executions",
    "held_starts",
    "leads",
    "marks",
    "metadata",
    "node_runs",
    "outbox",
    "plans",
    "proposals",
    "publication_agents",
    "publications",
    "reservations",
    "showings",
    "shown",
    "votes",
]
