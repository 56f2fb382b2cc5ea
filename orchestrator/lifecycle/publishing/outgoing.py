"""One thing on its way out, with everything that its channel asks for; and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final
from urllib.parse import quote

from orchestrator.definition.event import Event
from orchestrator.definition.model import JsonValue, Workflow
from orchestrator.execution.publication import Fate, Publication, PublicationState
from orchestrator.execution.publish_plan import Ended, Planned
from orchestrator.execution.state import Execution
from orchestrator.lifecycle import report
from orchestrator.lifecycle.links import links
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.ports.github import GitHub, User
from orchestrator.lifecycle.publishing.layout import ended_of, masked_run
from orchestrator.lifecycle.services import Services
from orchestrator.report.filling import filled, filled_title
from orchestrator.report.publishing import mark
from orchestrator.report.view import ExecutionView

_SAFE: Final = "/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """Where something is now that it went out, and what of it could not be done. `state` may also say that it did
    not."""

    state: PublicationState = PublicationState.PUBLISHED
    reason: str = ""
    title: str = ""
    number: int | None = None
    remote_id: int | None = None
    url: str = ""
    branch: str = ""
    commit: str = ""
    fate: Fate | None = None


class Outgoing:
    """What a channel sends. Its texts are masked, and hold nothing of others that is not harmless."""

    def __init__(
        self, services: Services, github: GitHub, publication: Publication, planned: Planned, mask: Mask
    ) -> None:
        self.services = services
        self.github = github
        self.publication = publication
        self.planned = planned
        self._mask = mask

    @cached_property
    def execution(self) -> Execution:
        return self.services.store.execution(self.publication.execution_id)

    @cached_property
    def workflow(self) -> Workflow:
        return self.services.plan(self.publication.execution_id).definition

    @cached_property
    def view(self) -> ExecutionView:
        seen = report.view(self.services, self.execution.id, links=links(self.services, self.execution))
        return replace(seen, runs=tuple(masked_run(run, self._mask) for run in seen.runs))

    @cached_property
    def event(self) -> Event:
        return self._ended.event

    @cached_property
    def me(self) -> User:
        return self.github.me()

    def mark(self, digest: str = "") -> str:
        """The hidden line by which it is found again."""
        return mark(self.execution.id, self.publication.target, digest)

    def said(self, template: str) -> str:
        """A text of the workflow file as Markdown."""
        return self.masked(filled(template, self._seen))

    def title(self) -> str:
        """Its title, or the workflow's name; with the node run where a node has several."""
        text = filled_title(self.planned.target.title, self._seen) or self.execution.workflow_name
        run = self.planned.run
        several = run and self.planned.key.endswith(f" {run.key}")
        return self.masked(f"{text} ({run.key})" if run and several else text)[:256]

    def masked(self, text: str) -> str:
        return self._mask.text(text)

    def address(self, kind: str, rest: str) -> str:
        """A page of the repository."""
        return f"{self.github.url}/{kind}/{quote(rest, safe=_SAFE)}"

    @cached_property
    def _ended(self) -> Ended:
        return ended_of(self.services, self.execution, self._mask)

    @cached_property
    def _seen(self) -> dict[str, JsonValue]:
        return self._ended.seen
