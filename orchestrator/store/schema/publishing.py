"""What executions publish, and what became of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, text

from orchestrator.definition.publish import PublishKind
from orchestrator.execution.publication import Fate, PublicationState
from orchestrator.store.columns import Identifier, Moment, Status, Words
from orchestrator.store.schema.base import metadata, partial_index

# Literal SQL, because a planner uses a partial index only where the query repeats its condition word for word.
PLANNED = text("state = 'planned'")
FOLLOWED = text("state = 'published' AND fate IS NOT NULL AND NOT final")

# No foreign key either: what people did with an agent's work outlives the execution. What is still to go out is due
# only as long as there is one.
publications = Table(
    "publications",
    metadata,
    Column("execution_id", Identifier, primary_key=True),
    Column("target", Identifier, primary_key=True),
    Column("kind", Status(PublishKind), nullable=False),
    Column("node", Words, nullable=False),
    Column("workflow_id", Words, nullable=False),
    Column("repository", Words, nullable=False),
    Column("ended_at", Moment, nullable=False),
    Column("state", Status(PublicationState), nullable=False),
    Column("reason", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("number", Integer),
    Column("remote_id", BigInteger),
    Column("url", Words, nullable=False),
    Column("branch", Words, nullable=False),
    Column("commit", String, nullable=False),
    Column("not_before", Moment),
    Column("tries", Integer, nullable=False),
    Column("published_at", Moment),
    Column("fate", Status(Fate)),
    Column("final", Boolean, nullable=False),
    Column("checked_at", Moment),
    Column("replayed", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
partial_index(
    "ix_publications_planned",
    (publications.c.execution_id, publications.c.target, publications.c.not_before),
    PLANNED,
)
partial_index("ix_publications_followed", (publications.c.repository, publications.c.checked_at), FOLLOWED)
Index("ix_publications_number", publications.c.repository, publications.c.number)

publication_agents = Table(
    "publication_agents",
    metadata,
    Column("execution_id", Identifier, primary_key=True),
    Column("target", Identifier, primary_key=True),
    Column("agent", Words, primary_key=True),
    sqlite_with_rowid=False,
)
Index("ix_publication_agents_agent", publication_agents.c.agent)
