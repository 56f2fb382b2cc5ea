"""What became of one thing that an execution was to publish: whether it left, where it is, what people did with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from orchestrator.definition.publish import PublishKind


class PublicationState(StrEnum):
    """Where a publication stands.

    `planned`: it goes out as soon as GitHub takes it. `skipped`: there was nothing to publish. `refused`: a rule of
    Mycelium forbids it. `withheld`: a dry run, or no token. `failed`: GitHub does not take it. `withdrawn`: the
    execution was run again before it went out.
    """

    PLANNED = "planned"
    PUBLISHED = "published"
    SKIPPED = "skipped"
    REFUSED = "refused"
    WITHHELD = "withheld"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class Fate(StrEnum):
    """What people did with what was published.

    `edited`: they changed it and have not decided yet, or merged it with commits of their own. `done`: a closed issue.
    `ignored`: nobody did anything for `IGNORED_AFTER_DAYS`.
    """

    OPEN = "open"
    MERGED = "merged"
    EDITED = "edited"
    DISMISSED = "dismissed"
    DONE = "done"
    IGNORED = "ignored"


IGNORED_AFTER_DAYS: Final = 14
"""How long something lies there untouched until it counts as ignored; what is done later still counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """One target of one execution; `target` names it there: `pull-request`, `comment:2`, `review review (3.11)`.

    `ended_at` is the end of the execution that it belongs to; a rerun has another. `reason` says why it did not leave,
    or what of it did not. `number` is that of the issue or pull request, `remote_id` of the comment or review; `branch`
    and `commit` are what was pushed, or reviewed. `agents` are those whose work it is, sorted. `not_before` and `tries`
    belong to what is `planned`. `fate` is None for what nobody can answer to, such as labels; `final` that it stays so.
    What is `replayed` comes from transcripts.
    """

    execution_id: str
    target: str
    kind: PublishKind
    node: str = ""
    agents: tuple[str, ...] = ()
    workflow_id: str
    repository: str = ""
    ended_at: datetime
    state: PublicationState = PublicationState.PLANNED
    reason: str = ""
    title: str = ""
    number: int | None = None
    remote_id: int | None = None
    url: str = ""
    branch: str = ""
    commit: str = ""
    not_before: datetime | None = None
    tries: int = 0
    published_at: datetime | None = None
    fate: Fate | None = None
    final: bool = False
    checked_at: datetime | None = None
    replayed: bool = False

    @property
    def pending(self) -> bool:
        return self.state is PublicationState.PLANNED


@dataclass(frozen=True, kw_only=True, slots=True)
class Fates:
    """How many publications of one kind an agent had a part in, and what became of them, by `Fate`."""

    agent: str
    kind: PublishKind
    published: int
    fates: dict[Fate, int]
