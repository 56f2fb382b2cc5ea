"""The site's source on the store, logs, blobs and git of this repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property

from orchestrator.definition.model import JsonValue
from orchestrator.errors import MyceliumError
from orchestrator.execution.experience import Experience
from orchestrator.execution.log_line import LogLine
from orchestrator.execution.state import Execution
from orchestrator.lifecycle import experience, report
from orchestrator.lifecycle.archive.copies import copied, diff_name
from orchestrator.lifecycle.links import links
from orchestrator.lifecycle.ports import Scope
from orchestrator.lifecycle.secrecy import mask_of
from orchestrator.lifecycle.services import Services
from orchestrator.report.experience import AgentsReport
from orchestrator.report.view import ExecutionView, Links

PAGE = 100
RECENT_ATTEMPTS = 12


class StoredExecutions:
    """A `SiteSource` that reads in short transactions, page by page."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def executions(self) -> Iterator[Execution]:
        before: str | None = None
        while page := self._services.store.executions(before=before, limit=PAGE):
            yield from page
            before = page[-1].id

    def view(self, execution_id: str) -> ExecutionView:
        seen = report.view(self._services, execution_id)
        pull = links(self._services, seen.execution).pull
        return replace(seen, experience=self._experience, links=Links(pull=pull))

    def document(self, execution_id: str) -> Mapping[str, JsonValue]:
        return report.as_json(self.view(execution_id))

    def workflow_source(self, execution_id: str) -> str:
        return self._services.plan(execution_id).source

    def log(self, execution_id: str, run: int, *, after: int, limit: int) -> Sequence[LogLine]:
        return self._services.logs.read(execution_id, run=run, after=after, limit=limit)

    def diff(self, execution_id: str, run: int | None) -> str:
        """The copy that came along, or nothing, where the commits are not here: swept, or never brought here."""
        span = self._span(execution_id, run)
        if span is None:
            return ""
        try:
            return mask_of(self._services).text(self._services.git.diff(*span))
        except MyceliumError:
            copy = copied(self._services, execution_id, diff_name(run))
            return copy.decode("utf-8", "replace") if copy else ""

    def artifact(self, digest: str) -> bytes | None:
        return self._services.blobs.get(digest) if self._services.blobs.has(digest) else None

    def agents_key(self) -> str:
        history, scope = self._services.store.history(), Scope(replayed=True)
        extent = history.extent(scope)
        # People decide about what was published when no attempt ends any more.
        return f"{self._today} {extent.attempts} {extent.last_at} {history.fates(scope)}"

    def agents(self) -> AgentsReport:
        history = self._services.store.history()
        return experience.report(history, Scope(), today=self._today, recent=RECENT_ATTEMPTS)

    @cached_property
    def _experience(self) -> dict[str, Experience]:
        """Read once for all pages of a build."""
        scope = Scope(since=experience.since(self._today, experience.DAYS))
        return experience.by_agent(self._services.store.history(), scope)

    @property
    def _today(self) -> date:
        return self._services.clock.now().date()

    def _span(self, execution_id: str, run: int | None) -> tuple[str, str] | None:
        if run is None:
            return self._services.store.execution(execution_id).comparison
        outcome = self._services.store.runs(execution_id)[run].outcome
        return (outcome.base, outcome.commit) if outcome and outcome.base and outcome.commit else None
