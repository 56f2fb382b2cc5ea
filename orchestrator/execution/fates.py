"""What people have made of something that was published, by how it looks now."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from orchestrator.definition.publish import PublishKind
from orchestrator.execution.publication import IGNORED_AFTER_DAYS, Fate, Publication

_TOLD: Final = frozenset({PublishKind.ISSUE, PublishKind.COMMENT, PublishKind.LABELS})
_MOVABLE: Final = frozenset({PublishKind.PULL_REQUEST, PublishKind.PUSH})


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How the issue or pull request of a publication looks. `head` is the commit that a pull request is at.

    `dismissed` says that the review itself was, or that all of it is gone; `changed` that the title of an issue, the
    text of a comment or some of the labels were.
    """

    closed: bool = False
    merged: bool = False
    head: str = ""
    dismissed: bool = False
    changed: bool = False


def looked_at(publication: Publication, look: Look, now: datetime) -> Publication:
    """The publication with its fate as of `now`; what is final has not changed since and will not."""
    fate = _fate(publication, look)
    if fate is Fate.OPEN and _is_old(publication, now):
        fate = Fate.IGNORED
    final = look.closed or look.merged or look.dismissed
    return replace(publication, fate=fate, final=final, checked_at=now)


def _fate(publication: Publication, look: Look) -> Fate:
    if look.dismissed:
        return Fate.DISMISSED
    if publication.kind in _TOLD:
        if look.changed and publication.kind is not PublishKind.ISSUE:
            return Fate.EDITED
        return Fate.DONE if look.closed else Fate.EDITED if look.changed else Fate.OPEN
    moved = bool(look.head and publication.commit) and look.head != publication.commit
    if look.merged:
        return Fate.EDITED if moved else Fate.MERGED
    if look.closed:
        return _closed(publication, moved=moved)
    return Fate.EDITED if moved else Fate.OPEN


def _closed(publication: Publication, *, moved: bool) -> Fate:
    """Closed without being merged: that says no to a change of ours, and nothing to a review of it."""
    if publication.kind in _MOVABLE:
        return Fate.DISMISSED
    return Fate.EDITED if moved else Fate.IGNORED


def _is_old(publication: Publication, now: datetime) -> bool:
    since = publication.published_at
    return since is not None and now - since >= timedelta(days=IGNORED_AFTER_DAYS)


def look_at_labels(title: str, labels: Collection[str], *, closed: bool) -> Look:
    """How labels look that `title` tells of (`+bug -question`), on something that has `labels` now."""
    there = {label.lower() for label in labels}
    asked = re.split(r" (?=[+-]\S)", title.lower())
    added = {each[1:] for each in asked if each.startswith("+")}
    removed = {each[1:] for each in asked if each.startswith("-")}
    changed = bool(added - there or removed & there)
    return Look(closed=closed, changed=changed, dismissed=bool(added) and not added & there)
