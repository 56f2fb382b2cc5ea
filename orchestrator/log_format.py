"""How Mycelium's own processes log: lines for people, or one JSON object a line."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime

from orchestrator.job_log import in_a_job, inert

CONSOLE, JSON = "console", "json"
_CONSOLE = "%(levelname)s %(name)s: %(message)s"


class JsonLines(logging.Formatter):
    """One object a line: `timestamp` (UTC, ISO 8601), `level`, `logger`, `message`, and `error` with a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False).replace("##[", "#\\u0023[")


class _Lines(logging.Formatter):
    """Lines for people, also for those who read them in the log of a job."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        return inert(line) if in_a_job(os.environ) else line


def configure(*, level: str, form: str) -> None:
    """Log to standard error from now on; `level` and `form` are those of the settings."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == JSON else _Lines(_CONSOLE))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
