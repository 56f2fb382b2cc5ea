"""Showing what pull requests change in workflows, whether or not an execution starts: one write at a time.

As with executions, nothing is queued: what is read is the pull request as it is now, so that late and repeated
deliveries do no harm, and what is sent is stored thing by thing, before and after.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from orchestrator.definition.changes import DefinitionChanges
from orchestrator.errors import BadInput, MyceliumError, NotFound, Unavailable
from orchestrator.execution.showing import COMMENT, MISTAKE, Proposal, Shown, Target
from orchestrator.lifecycle.ports.definitions import Comparison
from orchestrator.lifecycle.ports.github import Busy, Forbidden, GitHub, User
from orchestrator.lifecycle.projection.due import Write, due
from orchestrator.lifecycle.projection.proposed import check_place, proposed
from orchestrator.lifecycle.projection.wanted import Kind, Means
from orchestrator.lifecycle.projection.writing import Desk, carry_out
from orchestrator.lifecycle.services import Services
from orchestrator.report.workflow_changes import is_changes_comment

IDLE_SECONDS: Final = 1.0
"""How often the store is asked what there is to show."""

FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(seconds=30)
"""How long something is left alone that failed: doubled each time."""

MOST_TRIES: Final = 8
"""How often commits are looked for that cannot be had; the next event looks again."""

_LOG = logging.getLogger(__name__)


class _NotHad(Unavailable):
    """GitHub answers, and git cannot get the commits."""


@dataclass(kw_only=True, slots=True)
class Seen:
    """A proposal as it was read last, at so many `changes`; without `target` there is nothing to show it on."""

    changes: int = 0
    found: DefinitionChanges = field(default_factory=DefinitionChanges)
    target: Target | None = None
    tries: int = 0
    until: datetime | None = None


class Proposals:
    """Of one instance on one repository; lives as long as its process, and may die at any time."""

    def __init__(self, services: Services, github: GitHub, comparison: Comparison) -> None:
        self._services = services
        self._github = github
        self._comparison = comparison
        self._seen: dict[str, Seen] = {}
        self._closed_until: datetime | None = None
        self._me: User | None = None

    def step(self) -> float:
        """One pass, with one write at most; the seconds after which it wants to be called again at the latest."""
        now = self._services.clock.now()
        if self._closed_until and now < self._closed_until:
            return (self._closed_until - now).total_seconds()
        ours = self._github.repository.lower()
        behind = [
            each for each in self._services.store.proposals(self._services.instance) if each.repository.lower() == ours
        ]
        self._seen = {each.subject: self._seen.get(each.subject, Seen()) for each in behind}
        for proposal in behind:
            seen = self._seen[proposal.subject]
            if seen.until and now < seen.until:
                continue
            if self._brought_closer(proposal, seen, now):
                return 0.0
        return IDLE_SECONDS

    def _brought_closer(self, proposal: Proposal, seen: Seen, now: datetime) -> bool:
        """Whether something was written, or would be if it could. What a write leaves behind is in `known`."""
        known = {thing.place: thing for thing in proposal.shown}
        kind: Kind | None = None
        try:
            write = self._next(proposal, seen, known)
            if write is None:
                self._tell(_agreed(proposal, seen, known))
                return False
            kind = write.wanted.kind
            carry_out(self._desk(proposal, seen, known), write)
        except Busy as busy:
            self._closed_until = busy.until
            return False
        except Forbidden as error:
            self._tell(_refused(_with(proposal, known), kind, error))
        except (NotFound, BadInput) as error:  # its fork is gone, say, or there is too much to compare
            self._tell(replace(_with(proposal, known), told=proposal.changes, trouble=error.message))
        except Unavailable as error:
            self._rest(seen, now)
            # While GitHub is away it is waited for, however long that takes.
            given_up = isinstance(error, _NotHad) and seen.tries >= MOST_TRIES
            told = proposal.changes if given_up else proposal.told
            self._tell(replace(_with(proposal, known), told=told, trouble=error.message))
        except MyceliumError:
            raise
        except Exception:  # a mistake of ours keeps no other from being shown
            _LOG.warning("the changes of %s cannot be shown", proposal.subject, exc_info=True)
            trouble = f"{MISTAKE} they cannot be compared"
            self._tell(replace(_with(proposal, known), told=proposal.changes, trouble=trouble))
        else:
            seen.tries = 0
        return True

    def _next(self, proposal: Proposal, seen: Seen, known: dict[str, Shown]) -> Write | None:
        if seen.changes != proposal.changes:
            self._read(proposal, seen)
        if seen.target is None:
            return None
        # Those of other heads are of no more use.
        for place in known.keys() - {COMMENT, check_place(seen.target.head_sha)}:
            del known[place]
        means = Means(abilities=self._github.abilities, refused=proposal.refused)
        wanted = proposed(seen.found, seen.target, means, known)
        # Another store may know of the same head, as each job of Actions has its own: GitHub is asked first.
        perhaps = {each.place: Shown(place=each.place, begun=True) for each in wanted if each.kind is Kind.CHECK}
        return next(iter(due(wanted, {**perhaps, **known}, {}, timedelta())), None)

    def _read(self, proposal: Proposal, seen: Seen) -> None:
        """As it is now; a pull request that was closed is shown no more."""
        before, after, is_open = proposal.before, proposal.after, True
        if proposal.number is not None:
            pull = self._github.pull_request(proposal.number)
            after, is_open = pull.head_sha, pull.state == "open"
            before = self._github.merge_base(pull.base_ref, after) if is_open else ""
        seen.found = self._compared(before, after) if is_open else DefinitionChanges()
        target = Target(repository=proposal.repository, head_sha=after, number=proposal.number)
        seen.target = target if is_open else None
        seen.changes = proposal.changes

    def _compared(self, before: str, after: str) -> DefinitionChanges:
        try:
            return self._comparison.between(before, after)
        except Unavailable as error:
            self._github.merge_base(before, after)  # raises the same where it is GitHub that is away
            raise _NotHad(error.message, hint=error.hint) from error

    def _desk(self, proposal: Proposal, seen: Seen, known: dict[str, Shown]) -> Desk:
        assert seen.target is not None  # noqa: S101 - nothing is due without one

        def keep(thing: Shown) -> None:
            known[thing.place] = thing
            self._tell(_with(proposal, known))

        return Desk(github=self._github, target=seen.target, keep=keep, me=self._who, ours=is_changes_comment)

    def _who(self) -> User:
        if self._me is None:
            self._me = self._github.me()
        return self._me

    def _rest(self, seen: Seen, now: datetime) -> None:
        seen.until = now + min(FIRST_PAUSE * 2 ** min(seen.tries, 5), LONGEST_PAUSE)
        seen.tries += 1

    def _tell(self, proposal: Proposal) -> None:
        with self._services.store.begin() as tx:
            tx.put_proposal(proposal)


def _with(proposal: Proposal, known: Mapping[str, Shown]) -> Proposal:
    return replace(proposal, shown=tuple(known.values()))


def _agreed(proposal: Proposal, seen: Seen, known: Mapping[str, Shown]) -> Proposal:
    """GitHub shows all that it takes from us."""
    refused = next((thing.refused for thing in known.values() if thing.refused), "")
    trouble = refused or (proposal.trouble if proposal.refused else "")
    return replace(_with(proposal, known), told=seen.changes, trouble=trouble)


def _refused(proposal: Proposal, kind: Kind | None, error: Forbidden) -> Proposal:
    """GitHub will not have any of this kind from us, and another may take its place; or we may not even look."""
    trouble = f"{error.message}; it needs {error.needs}" + (f" ({error.hint})" if error.hint else "")
    _LOG.warning("GitHub does not let the changes of %s be shown: %s", proposal.subject, trouble)
    if kind is None:
        return replace(proposal, told=proposal.changes, trouble=trouble)
    return replace(proposal, refused=(*proposal.refused, kind.value), trouble=trouble)
