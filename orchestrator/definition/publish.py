"""What a workflow publishes: the frozen values of its `publish` key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from orchestrator.errors import Place

MOST_LABELS: Final = 20
"""Labels that one target may set."""


class PublishKind(StrEnum):
    """What leaves Mycelium, as `publish` names it; in this order it is published.

    A push comes last, because it moves the head that a review speaks of.
    """

    PULL_REQUEST = "pull-request"
    REVIEW = "review"
    COMMENT = "comment"
    LABELS = "labels"
    ISSUE = "issue"
    PUSH = "push"


COMMITTING: Final = frozenset({PublishKind.PULL_REQUEST, PublishKind.PUSH})
"""The kinds that bring a commit of a node out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One thing to publish. Each kind has its own fields; texts may hold expressions.

    `source` is the node that it comes from: its commit for `pull-request` and `push`, its answer for `review`. `labels`
    are added, `remove` taken off. `reviewers` are logins, and teams as `organisation/team`. `condition` is the text of
    `if` without `${{ }}`; `asks_status` says that it decides alone, whether or not the execution succeeded.
    """

    kind: PublishKind
    place: Place
    source: str = ""
    title: str = ""
    body: str = ""
    base: str = ""
    draft: bool = True
    labels: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    condition: str | None = None
    asks_status: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Publish:
    """`publish` of a workflow: nothing else leaves.

    `maximum` is how many of a kind an execution may publish, 1 where it says nothing. `labels` and `paths` are patterns
    of what may be set and changed, or None where the file has none. With `dry_run` it is only told.
    """

    targets: tuple[Target, ...] = ()
    maximum: Mapping[PublishKind, int] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None
    paths: tuple[str, ...] | None = None
    dry_run: bool = False

    def most(self, kind: PublishKind) -> int:
        """How many of a kind may be published."""
        return self.maximum.get(kind, 1)
