"""The modules that the processes of a tree share because they are imported before the fork."""

from __future__ import annotations

from importlib.util import find_spec

from orchestrator.settings import Settings

PRELOAD = (
    "orchestrator.app",
    "orchestrator.git.repository",
    "orchestrator.lifecycle.conduct",
    "orchestrator.lifecycle.attempts.execute",
    "orchestrator.queue.live",
    "orchestrator.queue.tokens",
    "orchestrator.runners.registry",
    "orchestrator.store.blobs",
    "orchestrator.store.engine",
    "orchestrator.store.logs",
    "orchestrator.store.sql_store",
)
"""What every worker needs: imported once, before the processes of a tree are forked."""

PRELOAD_SHARED = (
    "orchestrator.store.shared_blobs",
    "orchestrator.store.shared_logs",
    "sqlalchemy.dialects.postgresql",
)
"""What comes on top where the database is PostgreSQL."""

DRIVERS = ("psycopg",)
"""And these, where they are installed; that one is missing is told by whoever opens the store."""


def preload(settings: Settings) -> tuple[str, ...]:
    """The modules that the processes of a tree share because they are imported before the fork."""
    if settings.database_url.startswith("sqlite"):
        return PRELOAD
    return PRELOAD + PRELOAD_SHARED + tuple(driver for driver in DRIVERS if find_spec(driver))
