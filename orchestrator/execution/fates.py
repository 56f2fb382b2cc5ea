"""What people have made of something that was published, by how it looks now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from orchestrator.definition.publish import PublishKind
from orchestrator.execution.publication import IGNORED_AFTER_DAYS, Fate, Publication

_MOVABLE: Final = frozenset({PublishKind.PULL_REQUEST, PublishKind.PUSH})


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How the issue or pull request of a publication looks. `head` is the commit that a pull request is at.

    `dismissed` says that the review itself was, or that all of it is gone; `changed` that the title of an issue was.
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
    if publication.kind is PublishKind.ISSUE:
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
