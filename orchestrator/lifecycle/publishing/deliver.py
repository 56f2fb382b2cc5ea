"""Sending what is laid out, from the control loop: each publication as often as it takes, and to its end once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from orchestrator.definition.event import read_event
from orchestrator.definition.publish import PublishKind
from orchestrator.errors import MyceliumError, SetupError, Unavailable
from orchestrator.execution.publication import Publication, PublicationState
from orchestrator.lifecycle import live
from orchestrator.lifecycle.ports.github import Busy, Forbidden, GitHub
from orchestrator.lifecycle.publishing.channels.branches import push_to_head
from orchestrator.lifecycle.publishing.channels.pull_request import open_pull_request
from orchestrator.lifecycle.publishing.channels.review import write_review
from orchestrator.lifecycle.publishing.channels.words import set_labels, write_comment, write_issue
from orchestrator.lifecycle.publishing.layout import NOBODY, planned_of, put_off, save, withhold
from orchestrator.lifecycle.publishing.outgoing import Done, Outgoing
from orchestrator.lifecycle.secrecy import mask_of
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.travel import OutOfReach

_LOG = logging.getLogger(__name__)

CHANNELS: Final[Mapping[PublishKind, Callable[[Outgoing], Done]]] = {
    PublishKind.PULL_REQUEST: open_pull_request,
    PublishKind.PUSH: push_to_head,
    PublishKind.REVIEW: write_review,
    PublishKind.COMMENT: write_comment,
    PublishKind.LABELS: set_labels,
    PublishKind.ISSUE: write_issue,
}


_KINDS: Final = tuple(PublishKind)

MOST_SECONDS: Final = 5.0
"""How long one pass of the loop sends: others wait for it."""


def deliver_due(services: Services) -> None:
    """Send what is due, for some seconds. What GitHub does not take now is put off; nothing is raised for it."""
    begun = services.clock.monotonic()
    due = services.store.due_publications(services.instance, services.clock.now())
    for publication in sorted(due, key=_order):
        answers = deliver(services, publication)
        if not answers or services.clock.monotonic() - begun > MOST_SECONDS:
            return


def _order(publication: Publication) -> tuple[str, int, str]:
    return publication.execution_id, _KINDS.index(publication.kind), publication.target


def deliver(services: Services, publication: Publication) -> bool:
    """Send one publication, and keep what became of it; false where GitHub is not there, or wants to be left alone."""
    if services.github is None:
        withhold(services, publication, NOBODY)
        _tell_the_last(services, publication.execution_id)
        return True
    now = services.clock.now()
    try:
        done = _sent(services, services.github, publication)
    except Busy as error:
        save(services, replace(publication, not_before=max(now, error.until), reason=error.message))
        return False
    except Forbidden as error:
        done = Done(state=PublicationState.FAILED, reason=f"{error.message}; it needs {error.needs}")
    except OutOfReach as error:
        done = Done(state=PublicationState.FAILED, reason=str(error))
    except (Unavailable, SetupError) as error:
        _LOG.warning("`%s` of execution %s waits: %s", publication.target, publication.execution_id, error)
        save(services, put_off(publication, now, error))
        return False
    except MyceliumError as error:
        done = Done(state=PublicationState.FAILED, reason=str(error))
    if done.state is not PublicationState.PUBLISHED:
        _LOG.warning("`%s` of execution %s: %s", publication.target, publication.execution_id, done.reason)
    ended = _ended(services, publication, done)
    if earlier := _earlier(publication, ended):
        save(services, earlier)
    save(services, ended)
    _tell_the_last(services, publication.execution_id)
    return True


def _tell_the_last(services: Services, execution_id: str) -> None:
    """Whoever watches the execution hears of its end once more when nothing is left to go out."""
    execution = services.store.execution(execution_id)
    if execution.status.ended and not any(each.pending for each in services.store.publications(execution_id)):
        live.announce_end(services, execution)


def _sent(services: Services, github: GitHub, publication: Publication) -> Done:
    execution = services.store.execution(publication.execution_id)
    if execution.completed_at != publication.ended_at:
        return Done(state=PublicationState.WITHDRAWN, reason="the execution was run again")
    elsewhere = read_event(execution.event_name, execution.event).repository
    if elsewhere and elsewhere.lower() != github.repository.lower():
        reason = f"the event is of {elsewhere}, and the token of {github.repository}"
        return Done(state=PublicationState.WITHHELD, reason=reason)
    mask = mask_of(services)
    mask.add(github.remote().token)
    planned = next((each for each in planned_of(services, execution, mask) if each.key == publication.target), None)
    if planned is None:
        return Done(state=PublicationState.WITHDRAWN, reason="the execution has nothing like it any more")
    out = Outgoing(services, github, publication, planned, mask)
    done = CHANNELS[publication.kind](out)
    return replace(done, title=out.masked(done.title or publication.title))


def _earlier(before: Publication, after: Publication) -> Publication | None:
    """What the execution published before it ran again, where that is another thing: its fate stays known."""
    place = before.remote_id or before.number
    if before.fate is None or (after.number, after.remote_id) == (before.number, before.remote_id):
        return None
    return replace(before, target=f"{before.target} #{place}", state=PublicationState.PUBLISHED, reason="")


def _ended(services: Services, publication: Publication, done: Done) -> Publication:
    """Places that are known stay known, also where something failed on the way."""
    now = services.clock.now()
    published = done.state is PublicationState.PUBLISHED
    return replace(
        publication,
        state=done.state,
        reason=mask_of(services).text(done.reason),
        title=done.title or publication.title,
        number=done.number if done.number is not None else publication.number,
        remote_id=done.remote_id if done.remote_id is not None else publication.remote_id,
        url=done.url or publication.url,
        branch=done.branch or publication.branch,
        commit=done.commit or publication.commit,
        repository=services.github.repository if services.github else publication.repository,
        not_before=None,
        published_at=now if published else publication.published_at,
        fate=done.fate if published else publication.fate,
        final=False,
        checked_at=now if published else publication.checked_at,
    )
