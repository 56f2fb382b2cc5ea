"""An execution as people are shown it: one value that terminal, comment, check runs and pages render."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from orchestrator.definition.model import Workflow
from orchestrator.execution.state import Commit, Execution, LogLine, NodeRun


@dataclass(frozen=True, kw_only=True, slots=True)
class Links:
    """Where more can be seen; empty where there is nothing to link to."""

    page: str = ""
    pull_request: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionView:
    """Everything a rendering may show. `now` stands for the time of rendering; `runs` are by index.

    `edges` are (source index, target index). `tails` holds the last log lines of failed node runs, by index.
    `commits` are those of the result branch, oldest first. `replayed` says that no model was called.
    """

    execution: Execution
    workflow: Workflow
    runs: tuple[NodeRun, ...]
    edges: tuple[tuple[int, int], ...]
    now: datetime
    commits: tuple[Commit, ...] = ()
    tails: dict[int, tuple[LogLine, ...]] = field(default_factory=dict)
    links: Links = Links()

    @property
    def replayed(self) -> bool:
        return any(run.outcome and run.outcome.usage and run.outcome.usage.replayed for run in self.runs)
