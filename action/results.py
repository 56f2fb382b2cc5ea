"""What the job is told at the end: outputs, summary, and the folder of what a fork's job cannot tell GitHub."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from action.job import Job
from action.shown import Untold, as_notes
from action.unkept import Missing
from orchestrator.definition.publish import PublishKind
from orchestrator.execution.publication import PublicationState
from orchestrator.execution.state import Execution, ExecutionStatus
from orchestrator.lifecycle.intake.answering import as_answer
from orchestrator.lifecycle.ports import Decision, Ruling
from orchestrator.lifecycle.report import as_json
from orchestrator.report.markdown_safety import safe_code
from orchestrator.report.step_summary import step_summary
from orchestrator.report.view import ExecutionView

RESULTS: Final = {
    ExecutionStatus.COMPLETED: "success",
    ExecutionStatus.FAILED: "failure",
    ExecutionStatus.CANCELLED: "cancelled",
    ExecutionStatus.WAITING: "",
}
"""In the words of `needs.X.result`; what waits has none yet."""

_MOST_TELLING: Final = (
    ExecutionStatus.FAILED,
    ExecutionStatus.CANCELLED,
    ExecutionStatus.WAITING,
    ExecutionStatus.COMPLETED,
)
NOTHING: Final = "none"
"""The status where nothing ran."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """The executions of this job, as they were seen last, and decisions that started none. `late` are those of other
    events that were settled here, and on which this job does not depend. `site` is where the pages lie, `untold` is
    what GitHub does not show of all that, `unkept` what the history has not got."""

    views: Sequence[ExecutionView] = ()
    late: Sequence[ExecutionView] = ()
    others: Sequence[Decision] = ()
    site: Path | None = None
    untold: Sequence[Untold] = ()
    unkept: Sequence[Missing] = ()

    @property
    def telling(self) -> ExecutionView | None:
        """Of several executions the one that people want to know of: the first that failed, else that waits."""
        ordered = sorted(self.views, key=lambda seen: _rank(seen.execution.status))
        return ordered[0] if ordered else None

    @property
    def failed(self) -> bool:
        return any(seen.execution.status in _MOST_TELLING[:2] for seen in self.views)

    def outputs(self) -> dict[str, str]:
        """By the names of `action.yml`."""
        seen = self.telling
        waiting = any(each.ruling is Ruling.WAITING for each in self.others)
        if seen is None:
            return {"status": ExecutionStatus.WAITING.value if waiting else NOTHING, "executions": "[]"}
        execution = seen.execution
        shown = as_json(seen)
        return {
            "execution-id": execution.id,
            "status": execution.status.value,
            "result": RESULTS.get(execution.status, ""),
            "outputs": json.dumps(shown["output_data"]),
            "commit": execution.result or "",
            "pull-request": _pull_request(self.views),
            "site-path": str(self.site) if self.site else "",
            "executions": json.dumps([_row(each.execution) for each in self.views]),
        }

    def summary(self, *, notes: Sequence[str] = ()) -> str:
        answers = [as_answer(each) for each in self.others]
        troubles = as_notes([*self.unkept, *self.untold])
        return step_summary(self.views, answers, notes=[*troubles, *map(_late, self.late), *notes])


def leave(results: Results, folder: Path, job: Job, summary: str) -> None:
    """Put what happened into a folder that the job keeps as an artifact. Whoever reads it must not believe it: it was
    made in the job of a fork."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.md").write_text(summary, encoding="utf-8", errors="backslashreplace")
    told = {
        "job": job.page,
        "executions": [as_json(seen) for seen in results.views],
        "decisions": [
            {"subject": each.subject, "ruling": each.ruling.value, "reason": each.reason} for each in results.others
        ],
    }
    (folder / "report.json").write_text(json.dumps(told, indent=2), encoding="utf-8")


def _late(seen: ExecutionView) -> str:
    execution = seen.execution
    name = f"{safe_code(execution.workflow_id)} number {execution.number}"
    return (
        f"⏰ Nobody decided in time on an approval of {name} (execution {safe_code(execution.id)}): this job has "
        f"settled it, and it is {execution.status.value} now."
    )


def _row(execution: Execution) -> dict[str, str]:
    return {"id": execution.id, "workflow": execution.workflow_id, "status": execution.status.value}


def _rank(status: ExecutionStatus) -> int:
    return _MOST_TELLING.index(status) if status in _MOST_TELLING else len(_MOST_TELLING)


def _pull_request(views: Sequence[ExecutionView]) -> str:
    """The address of the first pull request that was opened or brought up to date."""
    urls = (
        each.url
        for seen in views
        for each in seen.publications
        if each.state is PublicationState.PUBLISHED and each.kind is PublishKind.PULL_REQUEST
    )
    return next(urls, "")
