"""What a node leaves behind: log lines and bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from orchestrator.execution.log_line import Level, LogLine


@dataclass(frozen=True, kw_only=True, slots=True)
class NewLogLine:
    """A log line before the log gave it an id."""

    run: int
    key: str
    attempt: int
    at: datetime
    level: Level
    stream: str
    text: str
    group: str = ""
    error_code: str | None = None


class Logs(Protocol):
    """The logs of node runs, masked before they come here."""

    def append(self, execution_id: str, lines: Sequence[NewLogLine]) -> int:
        """Store lines in order; once it returns they are on disk. The id of the last one.

        Past the limit of a node run the middle is dropped, head and tail stay and a line says so. A full disk marks
        the log as cut and never raises. Lines that come while the logs are out of reach are kept in memory, and are
        stored with later ones or by `settle`.
        """
        ...

    def settle(self, execution_id: str) -> None:
        """Store what is still kept in memory; `Unavailable` while the logs are out of reach."""
        ...

    def read(
        self,
        execution_id: str,
        *,
        run: int | None = None,
        level: Level | None = None,
        query: str = "",
        after: int = 0,
        limit: int = 1000,
    ) -> list[LogLine]:
        """Lines by id; `level` is a minimum; `query` is found anywhere in the text, in any case."""
        ...

    def tail(self, execution_id: str, run: int, lines: int) -> list[LogLine]: ...

    def forget(self, execution_id: str) -> None:
        """Remove the log of an execution; the next line is the first one again."""
        ...

    def close(self) -> None: ...


class Blobs(Protocol):
    """Bytes by their sha256 (hex): artifacts and git bundles."""

    def put(self, source: bytes | Path) -> str: ...

    def get(self, digest: str) -> bytes:
        """`NotFound` for an unknown digest."""
        ...

    def has(self, digest: str) -> bool: ...

    def delete(self, digest: str) -> None: ...
