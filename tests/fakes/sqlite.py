"""SQLite files with our tables: made once for each process, and copied for each test."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from orchestrator.store.opening import open_store


def with_tables(folder: Path) -> str:
    """The URL of a new `state.db` in `folder`, which is made where it is not there yet; nothing is in its tables."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "state.db"
    database.write_bytes(_empty())
    return f"sqlite:///{database}"


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "state.db"
        # The last connection that is closed brings the write-ahead log home.
        open_store(f"sqlite:///{place}", home=Path(folder)).close()
        return place.read_bytes()
