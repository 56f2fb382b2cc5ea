"""One event with all that deciding on it takes: pinned to a commit, read where it may be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from orchestrator.definition.authority import Source, of_a_member, source_of
from orchestrator.definition.event import BRANCH, Event, PullRequestState, as_payload, read_event
from orchestrator.definition.event import Account as AccountOf
from orchestrator.definition.matching import Changed
from orchestrator.definition.model import JsonValue
from orchestrator.definition.roles import Role
from orchestrator.errors import NotFound
from orchestrator.execution.commit import FileChange
from orchestrator.lifecycle.intake.elsewhere import Elsewhere
from orchestrator.lifecycle.ports.definitions import Definitions, DefinitionSource
from orchestrator.lifecycle.ports.github import GitHub, PullRequest, User
from orchestrator.lifecycle.projection.proposing import MOST_FILES, paths_of
from orchestrator.lifecycle.services import Services

_NO_COMMIT: Final = "0" * 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Where events of one repository are dealt with: by a server, or in the job of Actions whose page is `job`.

    What starts here is shown on GitHub unless it is `silent`; where it `keeps` what it starts, not before
    `projection.holding.let_show`. `allowed_by` is who lets pull requests of strangers start here, if anybody does once
    and for all. `elsewhere` are executions that its commands may be about, and that nothing can be done with here.
    """

    services: Services
    github: GitHub
    definitions: DefinitionSource
    job: str = ""
    silent: bool = False
    keeps: bool = False
    allowed_by: str = ""
    elsewhere: tuple[Elsewhere, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One verified webhook; `id` is the same when GitHub sends it again.

    `only` are the workflows that an event is for which was made anew; None where it happened, and is for all.
    """

    id: str
    event: str
    payload: Mapping[str, JsonValue]
    only: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """An event, `event` and `payload` with the pull request that it belongs to as it was when the event came.

    What only GitHub knows is asked for once, and only where somebody wants to know.
    """

    desk: Desk
    delivery: Delivery
    event: Event
    payload: Mapping[str, JsonValue]

    @cached_property
    def role(self) -> Role | None:
        """What the permission API says of whoever did it; None of what is no person."""
        sender = self.event.sender
        return self.desk.github.role(sender.login, account=sender.id) if sender.is_person else None

    @cached_property
    def definitions(self) -> Definitions:
        """Those of the trusted commit. What a branch breaks that others rely on goes on as it last was valid; who
        proposes a change, or pushes it to a branch of their own, is told that it is broken."""
        commit = self._trusted()
        if self._in_force:
            return self.desk.definitions.in_force(commit)
        found = self.desk.definitions.at(commit)
        return found.going_on(self._broken_before(found)) if found.broken else found

    @cached_property
    def commit(self) -> str:
        """What nodes work on: it need not be trusted."""
        found = self.event.pull_request
        if found:
            return found.head_sha
        if self.event.name in ("push", "merge_group"):
            return self.event.after
        return self.definitions.commit

    @property
    def branch(self) -> str:
        """The branch of that commit, for people."""
        if self.event.pull_request:
            return self.event.pull_request.head_ref
        return self.event.ref.removeprefix(BRANCH) or self.event.default_branch

    @cached_property
    def changed(self) -> Changed:
        """The changed files of a pull request or a push."""
        if self.event.pull_request:
            files = self.desk.github.changed_files(self.event.pull_request.number)
            return Changed(paths=_unique(files), complete=len(files) < MOST_FILES)
        return _of_push(self.desk, self.event)

    def _broken_before(self, head: Definitions) -> Mapping[str, Definitions]:
        """What goes on of a pull request's files that were broken where it wants to go, and that it leaves as they
        are."""
        if self.event.pull_request is None:
            return {}
        base = self.desk.definitions.in_force(self._tip(self.event.pull_request.base_ref))
        same = (name for name in head.broken if head.sources[name] == base.sources.get(name))
        return {name: base.earlier[name] for name in same if name in base.earlier}

    @cached_property
    def _source(self) -> Source:
        return source_of(self.event, self._author_role())

    @property
    def _in_force(self) -> bool:
        if self._source in (Source.PUSHED, Source.REF):
            return self.event.ref.removeprefix(BRANCH) in ("", self._default_branch())
        return self._source is not Source.HEAD

    def _trusted(self) -> str:
        found = self.event.pull_request
        match self._source:
            case Source.HEAD | Source.PUSHED:
                return self.commit
            case Source.BASE:
                return self._tip(found.base_ref) if found else self.event.before
            case Source.REF:
                return self._tip(self.event.ref.removeprefix(BRANCH) or self._default_branch())
            case _:
                return self._tip(self._default_branch())

    def _author_role(self) -> Role:
        """Only where it can matter: a fork's head is never trusted, whoever opened it."""
        found = self.event.pull_request
        if found is None or not of_a_member(found, Role.ADMIN):
            return Role.NONE
        return self.desk.github.role(found.author.login, account=found.author.id)

    def _default_branch(self) -> str:
        return self.event.default_branch or self.desk.github.facts().default_branch

    def _tip(self, branch: str) -> str:
        commit = self.desk.github.branch(branch)
        if commit is None:
            raise NotFound(f"the repository has no branch `{branch}`")
        return commit


def occasion(desk: Desk, delivery: Delivery) -> Occasion:
    """The event of a delivery. A comment's pull request is fetched here, and its head pinned, once.

    A delivery that was pinned before has its pull request in the payload, and is taken as it was.
    """
    event, payload = read_event(delivery.event, delivery.payload), dict(delivery.payload)
    if event.on_pull_request and event.pull_request is None and event.number is not None:
        state = state_of(desk.github.pull_request(event.number))
        event, payload = event.pinned(state), {**payload, "pull_request": as_payload(state)}
    return Occasion(desk=desk, delivery=delivery, event=event, payload=payload)


def state_of(found: PullRequest) -> PullRequestState:
    """A pull request as GitHub's API tells it, in the form that a payload has."""
    return PullRequestState(
        number=found.number,
        author=account_of(found.author),
        draft=found.draft,
        closed=found.state == "closed",
        head_sha=found.head_sha,
        head_ref=found.head_ref,
        head_repository=found.head_repository,
        base_sha=found.base_sha,
        base_ref=found.base_ref,
        base_repository=found.base_repository,
    )


def account_of(user: User) -> AccountOf:
    return AccountOf(id=user.id, login=user.login, kind=user.kind)


def _of_push(desk: Desk, event: Event) -> Changed:
    git = desk.services.git
    if event.before.strip("0") and all(git.has(each) or git.fetch(each) for each in (event.before, event.after)):
        return Changed(paths=_unique(git.difference(event.before, event.after)))
    # A new branch, or one whose old commit is gone: the commits of the payload say what they touch, if they are all.
    return Changed(paths=event.touched or (), complete=event.touched is not None)


def _unique(files: Iterable[FileChange]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(paths_of(files)))
