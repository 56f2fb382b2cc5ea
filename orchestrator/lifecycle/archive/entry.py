"""The line that the branch's index has of one execution: enough to find it, and nothing that is believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.execution.state import ExecutionStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What the index says of a record.

    `path` is the record's in the branch. `saved_at` tells one version of it from the next. `thread` is the number of
    the issue or pull request that the execution is shown at, `head` the commit. `holder` names whoever runs it now, as
    Actions' `RUN_ID/ATTEMPT/JOB@FILE~CHECK`, and is empty where nobody does: then it has ended, or waits for a person;
    `held_at` is when they last said so. `saved_by` is whoever saved it last, whether they hold it or not. `due` is when
    an approval stops waiting. `digest` is the same for records that differ in nothing but `saved_at`.
    """

    id: str
    path: str
    workflow_id: str
    number: int
    status: ExecutionStatus
    created_at: datetime
    saved_at: datetime
    thread: int | None = None
    head: str = ""
    holder: str = ""
    held_at: datetime | None = None
    saved_by: str = ""
    due: datetime | None = None
    digest: str = ""

    @property
    def open(self) -> bool:
        """Whether it can go on."""
        return not self.status.ended

    def later(self, at: datetime) -> datetime:
        """`at`, or a moment after it was saved: no two versions have the same."""
        return max(at, self.saved_at + timedelta(microseconds=1))
