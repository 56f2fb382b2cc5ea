"""Logs and blobs in PostgreSQL. SQLite stays as it is: one machine keeps them in files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(collation="C")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _logs()
        _blobs()


def _logs() -> None:
    op.create_table(
        "log_sequences",
        sa.Column("execution_id", IDENTIFIER, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "log_chunks",
        sa.Column("execution_id", IDENTIFIER, primary_key=True),
        sa.Column("last", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("tail", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_log_chunks_run", "log_chunks", ["execution_id", "run", "last"])
    op.create_table(
        "log_volumes",
        sa.Column("execution_id", IDENTIFIER, primary_key=True),
        sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.Column("tail", sa.BigInteger, nullable=False),
        sa.Column("cut_id", sa.BigInteger),
        sa.Column("cut_lines", sa.BigInteger, nullable=False),
        sa.Column("cut_bytes", sa.BigInteger, nullable=False),
    )


def _blobs() -> None:
    op.create_table(
        "blobs",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "blob_chunks",
        sa.Column("digest", sa.String, sa.ForeignKey("blobs.digest", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
