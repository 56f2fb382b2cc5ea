"""Writing the records of agents' attempts: each new one says what those before it came to."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, insert, select, update

from orchestrator.execution.experience import AgentRun, is_failure
from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import ATTEMPT_COLUMNS, agent_runs

_FIELDS = tuple(column.name for column in ATTEMPT_COLUMNS)
_OF_RUN = (
    agent_runs.c.execution_id == bindparam("of_execution"),
    agent_runs.c.run == bindparam("of_run"),
    agent_runs.c.given == bindparam("of_given"),
    agent_runs.c.last.is_(True),
)
_LAST = Prepared(select(agent_runs.c.outcome, agent_runs.c.failed_before).where(*_OF_RUN))
_FOLLOWED = Prepared(update(agent_runs).where(*_OF_RUN).values(last=bindparam("still_last")))
_ADD = Prepared(insert(agent_runs))


def write_attempt(connection: Connection, attempt: AgentRun) -> None:
    """Add a record as the last of its run. Attempts are written in the order of their epochs."""
    failed_before = attempt.epoch > 1 and _followed(connection, attempt)
    values = {name: getattr(attempt, name) for name in _FIELDS}
    _ADD.write(connection, {**values, "last": True, "failed_before": failed_before})


def _followed(connection: Connection, attempt: AgentRun) -> bool:
    """The attempt before, at the same with the same, is the last no more; whether any of them failed."""
    run = {"of_execution": attempt.execution_id, "of_run": attempt.run, "of_given": attempt.given}
    row = _LAST.row(connection, **run)
    if row is None:
        return False
    _FOLLOWED.write(connection, {**run, "still_last": False})
    return bool(row["failed_before"]) or is_failure(row["outcome"])
