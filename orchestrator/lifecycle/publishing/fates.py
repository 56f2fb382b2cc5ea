"""Looking after what was published: merged, edited, dismissed or ignored, seen at events and now and then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from orchestrator.definition.event import read_event
from orchestrator.definition.model import JsonValue
from orchestrator.definition.publish import PublishKind
from orchestrator.errors import NotFound
from orchestrator.execution.fates import Look, look_at_labels, looked_at
from orchestrator.execution.publication import Publication
from orchestrator.lifecycle.ports.github import GitHub, Review
from orchestrator.lifecycle.publishing.layout import save
from orchestrator.lifecycle.services import Services
from orchestrator.report.publishing import is_edited

LOOK_AGAIN_AFTER: Final = timedelta(hours=1)
MOST_AT_ONCE: Final = 3
"""Publications that one look reads: each costs a request or two, and the control loop does nothing else meanwhile."""

_TELLING: Final = frozenset({"pull_request", "pull_request_review", "issues"})
_OF_COMMENTS: Final = frozenset({"edited", "deleted"})
_DISMISSED: Final = "DISMISSED"


def heard(services: Services, event_name: str, payload: Mapping[str, JsonValue]) -> int:
    """An event came: what was published where it happened is looked at next. How many things that is.

    The event is only the occasion. What GitHub says then counts, so that events may come late, twice, or never.
    """
    event = read_event(event_name, payload)
    tells = event_name in _TELLING or (event_name == "issue_comment" and event.action in _OF_COMMENTS)
    if services.github is None or not tells or event.number is None:
        return 0
    if event.repository.lower() != services.github.repository.lower():
        return 0
    found = services.store.followed_at(services.github.repository, event.number)
    for publication in found:
        save(services, replace(publication, checked_at=None))
    return len(found)


def look_after(services: Services) -> int:
    """Have a look at what nobody has looked at for an hour, and what is still open; how many there were."""
    if services.github is None:
        return 0
    before = services.clock.now() - LOOK_AGAIN_AFTER
    found = services.store.followed(services.github.repository, before=before, limit=MOST_AT_ONCE)
    return _look(services, services.github, found)


def _look(services: Services, github: GitHub, found: Iterable[Publication]) -> int:
    looked = 0
    for publication in found:
        look = _seen(github, publication)
        save(services, looked_at(publication, look, services.clock.now()))
        looked += 1
    return looked


def _seen(github: GitHub, publication: Publication) -> Look:
    """How it looks; what is gone was dismissed."""
    number = publication.number or 0
    try:
        if publication.kind is PublishKind.ISSUE:
            issue = github.issue(number)
            return Look(closed=issue.state == "closed", changed=issue.title != publication.title)
        if publication.kind is PublishKind.LABELS:
            issue = github.issue(number)
            return look_at_labels(publication.title, issue.labels, closed=issue.state == "closed")
        if publication.kind is PublishKind.COMMENT:
            said, issue = github.comment(publication.remote_id or 0), github.issue(number)
            return Look(closed=issue.state == "closed", changed=is_edited(said.body))
        pull_request = github.pull_request(number)
        dismissed = publication.kind is PublishKind.REVIEW and _is_dismissed(github.reviews(number), publication)
    except NotFound:
        return Look(closed=True, dismissed=True)
    return Look(
        closed=pull_request.state == "closed",
        merged=pull_request.merged,
        head=pull_request.head_sha,
        dismissed=dismissed,
    )


def _is_dismissed(reviews: Iterable[Review], publication: Publication) -> bool:
    return any(each.id == publication.remote_id and each.state == _DISMISSED for each in reviews)
