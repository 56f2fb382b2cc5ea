"""What GitHub shows: of executions, and of what is changed in definitions."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, text

from orchestrator.store.columns import Identifier, Lines, ShownJson, Words
from orchestrator.store.schema.base import metadata, partial_index

# Literal SQL, because a planner uses a partial index only where the query repeats its condition word for word.
BEHIND = text("changes > told")

# Only executions that GitHub shows have a row. Whoever changes one counts up `changes`; what that was when GitHub last
# agreed is `told`. The target is the execution's, taken apart to be searched.
showings = Table(
    "showings",
    metadata,
    Column("execution_id", Identifier, ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    Column("workflow_id", Words, nullable=False),
    Column("repository", Words, nullable=False),
    Column("number", Integer),
    Column("changes", BigInteger, nullable=False),
    Column("told", BigInteger, nullable=False),
    Column("refused", Words, nullable=False),
    Column("trouble", Words, nullable=False),
)
partial_index("ix_showings_behind", (showings.c.execution_id,), BEHIND)
Index("ix_showings_subject", *(showings.c[name] for name in ("repository", "number", "workflow_id", "execution_id")))

shown = Table(
    "shown",
    metadata,
    Column("execution_id", Identifier, ForeignKey("showings.execution_id", ondelete="CASCADE"), primary_key=True),
    Column("place", String, primary_key=True),
    Column("github_id", BigInteger),
    Column("digest", String, nullable=False),
    Column("round", Integer, nullable=False),
    Column("concluded", Boolean, nullable=False),
    Column("annotations", Integer, nullable=False),
    Column("begun", Boolean, nullable=False),
    Column("refused", Words, nullable=False),
    sqlite_with_rowid=False,
)

# Of pull requests and commits that no execution needs to belong to.
proposals = Table(
    "proposals",
    metadata,
    Column("repository", Words, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("number", Integer),
    Column("before", String, nullable=False),
    Column("after", String, nullable=False),
    Column("instance", String, nullable=False),
    Column("changes", BigInteger, nullable=False),
    Column("told", BigInteger, nullable=False),
    Column("refused", Lines, nullable=False),
    Column("trouble", Words, nullable=False),
    Column("shown", ShownJson, nullable=False),
    sqlite_with_rowid=False,
)
partial_index("ix_proposals_behind", (proposals.c.instance,), BEHIND)
