"""The lines of a node run's log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Level(StrEnum):
    """Level of a log line."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """One line of a node run's log.

    `id` grows within an execution, from 1; `after=` pages by it. `run` is the node run's index. `text` is masked,
    without a line end. `stream` is `stdout`, `stderr`, `agent`, `tool` or `mycelium` (our own words). `group` is the
    title of the `::group::` it stands in.
    """

    id: int
    run: int
    key: str
    attempt: int
    at: datetime
    level: Level
    stream: str
    text: str
    group: str = ""
    error_code: str | None = None
