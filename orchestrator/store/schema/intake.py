"""What was decided on events, what waits for somebody or its turn, and who agreed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint, text

from orchestrator.execution.state import TriggerKind
from orchestrator.lifecycle.ports.intake import Hold, Ruling
from orchestrator.store.columns import Identifier, Json, Lines, Moment, Serial, Status, Words
from orchestrator.store.schema.base import metadata, partial_index

# Literal SQL, because a planner uses a partial index only where the query repeats its condition word for word.
UNTOLD = text("owed AND NOT told")
HELD = text("state IN ('waiting', 'queued')")
GROUPED = text("state IN ('queued', 'started')")

# No foreign keys: what was decided outlives the executions that came of it.
decisions = Table(
    "decisions",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("delivery_id", String, nullable=False),
    Column("subject", Words, nullable=False),
    Column("ruling", Status(Ruling), nullable=False),
    Column("rule", String, nullable=False),
    Column("reason", Words, nullable=False),
    Column("event", Words, nullable=False),
    Column("actor", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("number", BigInteger),
    Column("head_sha", Words, nullable=False),
    Column("execution_id", Identifier, nullable=False),
    Column("owed", Boolean, nullable=False),
    Column("told", Boolean, nullable=False),
    Column("comment_id", BigInteger),
    Column("label", Words, nullable=False),
    Column("lines", Lines, nullable=False),
    UniqueConstraint("delivery_id", "subject", name="uq_decisions_subject"),
    sqlite_autoincrement=True,
)
Index("ix_decisions_thread", decisions.c.number, decisions.c.id)
partial_index("ix_decisions_untold", (decisions.c.id,), UNTOLD)

held_starts = Table(
    "held_starts",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("delivery_id", String, nullable=False),
    Column("workflow_id", Words, nullable=False),
    Column("state", Status(Hold), nullable=False),
    Column("actor", Words, nullable=False),
    Column("event_name", Words, nullable=False),
    Column("event", Json, nullable=False),
    Column("trigger", Status(TriggerKind), nullable=False),
    Column("inputs", Json, nullable=False),
    Column("head_sha", Words, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("number", BigInteger),
    Column("asked", Boolean, nullable=False),
    Column("allowed_by", Words, nullable=False),
    Column("group", Words, nullable=False),
    Column("waiting_limit", Integer, nullable=False),
    Column("cancels", Boolean, nullable=False),
    Column("execution_id", Identifier, nullable=False),
    sqlite_autoincrement=True,
)
partial_index("ix_held_starts_open", (held_starts.c.number, held_starts.c.id), HELD)
partial_index("ix_held_starts_group", (held_starts.c.group, held_starts.c.id), GROUPED)

# Until when something was seen to, by its name.
marks = Table(
    "marks",
    metadata,
    Column("name", String, primary_key=True),
    Column("at", Moment, nullable=False),
)

# `since` is when the node run began to wait: one that waits anew has no votes.
votes = Table(
    "votes",
    metadata,
    Column("execution_id", Identifier, ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("since", Moment, primary_key=True, autoincrement=False),
    Column("by", Words, primary_key=True),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)
