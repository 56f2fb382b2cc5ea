"""What people have made of what was published, by how it looks now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.definition.publish import PublishKind
from orchestrator.execution.fates import Look, looked_at
from orchestrator.execution.publication import Fate, Publication, PublicationState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OURS, THEIRS = "a" * 40, "b" * 40
PULL, PUSH, REVIEW, ISSUE = PublishKind.PULL_REQUEST, PublishKind.PUSH, PublishKind.REVIEW, PublishKind.ISSUE


def published(kind: PublishKind) -> Publication:
    return Publication(
        execution_id="01",
        target=kind.value,
        kind=kind,
        workflow_id="w",
        ended_at=NOW,
        state=PublicationState.PUBLISHED,
        commit="" if kind is ISSUE else OURS,
        published_at=NOW,
        fate=Fate.OPEN,
    )


LOOKS = [
    (PULL, Look(head=OURS), Fate.OPEN, False),
    (PULL, Look(head=THEIRS), Fate.EDITED, False),
    (PULL, Look(head=OURS, closed=True, merged=True), Fate.MERGED, True),
    (PULL, Look(head=THEIRS, closed=True, merged=True), Fate.EDITED, True),
    (PULL, Look(head=OURS, closed=True), Fate.DISMISSED, True),
    (PUSH, Look(head=THEIRS, closed=True), Fate.DISMISSED, True),
    (PUSH, Look(head=OURS, merged=True), Fate.MERGED, True),
    (REVIEW, Look(head=OURS), Fate.OPEN, False),
    (REVIEW, Look(head=THEIRS), Fate.EDITED, False),
    (REVIEW, Look(head=OURS, dismissed=True), Fate.DISMISSED, True),
    (REVIEW, Look(head=OURS, closed=True, merged=True), Fate.MERGED, True),
    (REVIEW, Look(head=THEIRS, closed=True), Fate.EDITED, True),
    (REVIEW, Look(head=OURS, closed=True), Fate.IGNORED, True),
    (ISSUE, Look(), Fate.OPEN, False),
    (ISSUE, Look(changed=True), Fate.EDITED, False),
    (ISSUE, Look(closed=True), Fate.DONE, True),
]


@pytest.mark.parametrize(("kind", "look", "fate", "final"), LOOKS)
def test_fates(kind: PublishKind, look: Look, fate: Fate, final: bool) -> None:
    found = looked_at(published(kind), look, NOW + timedelta(days=1))
    assert (found.fate, found.final, found.checked_at) == (fate, final, NOW + timedelta(days=1))


@pytest.mark.parametrize("kind", [PULL, PUSH, REVIEW, ISSUE])
def test_what_nobody_touches_is_ignored_until_somebody_does(kind: PublishKind) -> None:
    head = "" if kind is ISSUE else OURS
    for days, fate in ((13, Fate.OPEN), (14, Fate.IGNORED)):
        found = looked_at(published(kind), Look(head=head), NOW + timedelta(days=days))
        assert (found.fate, found.final) == (fate, False)
    assert looked_at(published(PULL), Look(head=OURS, merged=True), NOW + timedelta(days=30)).fate is Fate.MERGED
