"""Where the site reads from: the one interface between its pages and the rest of Mycelium."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from orchestrator.definition.model import JsonValue
from orchestrator.execution.log_line import LogLine
from orchestrator.execution.state import Execution
from orchestrator.report.experience import AgentsReport
from orchestrator.report.view import ExecutionView


class SiteSource(Protocol):
    """Executions and what they left behind. Reads are short; a long log is read in pages."""

    def executions(self) -> Iterable[Execution]:
        """All executions, newest first."""
        ...

    def view(self, execution_id: str) -> ExecutionView: ...

    def document(self, execution_id: str) -> Mapping[str, JsonValue]:
        """The execution as the REST API shows it."""
        ...

    def workflow_source(self, execution_id: str) -> str:
        """The YAML the execution was started with."""
        ...

    def log(self, execution_id: str, run: int, *, after: int, limit: int) -> Sequence[LogLine]:
        """At most `limit` log lines of a node run whose id is above `after`, by id."""
        ...

    def diff(self, execution_id: str, run: int | None) -> str:
        """Unified diff of what a node run committed; of the whole execution for None. Empty when there is none."""
        ...

    def agents_key(self) -> str:
        """The same for as long as `agents` would tell the same."""
        ...

    def agents(self) -> AgentsReport:
        """What agents have done lately."""
        ...

    def artifact(self, digest: str) -> bytes | None:
        """The bytes of an artifact, or None when they are gone."""
        ...
