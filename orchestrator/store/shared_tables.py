"""The tables of logs and blobs, on PostgreSQL alone: SQLite serves one machine, which keeps them in files."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table

from orchestrator.store.columns import Identifier

metadata = MetaData()

log_sequences = Table(
    "log_sequences",
    metadata,
    Column("execution_id", Identifier, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

log_chunks = Table(
    "log_chunks",
    metadata,
    Column("execution_id", Identifier, primary_key=True),
    Column("last", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("run", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("tail", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
Index("ix_log_chunks_run", log_chunks.c.execution_id, log_chunks.c.run, log_chunks.c.last)

log_volumes = Table(
    "log_volumes",
    metadata,
    Column("execution_id", Identifier, primary_key=True),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("head", BigInteger, nullable=False),
    Column("tail", BigInteger, nullable=False),
    Column("cut_id", BigInteger),
    Column("cut_lines", BigInteger, nullable=False),
    Column("cut_bytes", BigInteger, nullable=False),
)

blobs = Table(
    "blobs",
    metadata,
    Column("digest", String, primary_key=True),
    Column("size", BigInteger, nullable=False),
)

blob_chunks = Table(
    "blob_chunks",
    metadata,
    Column("digest", String, ForeignKey("blobs.digest", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)
