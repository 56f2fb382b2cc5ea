"""What there is on GitHub, as the port tells of it and takes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum


class Credential(StrEnum):
    """What kind of token speaks."""

    APP = "app"
    ACTIONS = "actions"
    """`GITHUB_TOKEN` of a job."""
    INSTALLATION = "installation"
    """A token of an App's installation without the App's key, such as `actions/create-github-app-token` makes."""
    PERSONAL = "personal"


@dataclass(frozen=True, kw_only=True, slots=True)
class Abilities:
    """What the credential can do at all, whatever its permissions: nothing else is offered to anybody.

    `buttons`: GitHub tells whoever has the credential that one was pressed, if there is somebody who listens.
    `links`: a check run's details URL leads where it says.
    """

    credential: Credential
    check_runs: bool
    buttons: bool
    links: bool


class Urgency(IntEnum):
    """What goes first when the budget is short; `PEOPLE` and `FINAL` may use what the others must leave."""

    PEOPLE = 0
    """Somebody is asked for a decision, or was refused something."""
    FINAL = 1
    """The last word on an execution or a node run."""
    PROGRESS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """An account; `kind` is GitHub's `type`: User, Bot, Organization or Mannequin."""

    id: int
    login: str
    kind: str = "User"


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequest:
    """A pull request as it is now. `head_repository` is empty where the fork was deleted."""

    number: int
    title: str
    state: str
    draft: bool
    author: User
    head_sha: str
    head_ref: str
    head_repository: str
    base_sha: str
    base_ref: str
    base_repository: str
    merged: bool = False
    merge_commit_sha: str | None = None
    merged_by: User | None = None
    labels: tuple[str, ...] = ()
    url: str = ""
    body: str = ""

    @property
    def from_fork(self) -> bool:
        return self.head_repository != self.base_repository


@dataclass(frozen=True, kw_only=True, slots=True)
class Comment:
    """A comment on an issue or pull request."""

    id: int
    author: User
    body: str
    url: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LineComment:
    """A remark of a review on lines of the new version (`side` RIGHT) or of the old one (LEFT)."""

    path: str
    line: int
    body: str
    start_line: int | None = None
    side: str = "RIGHT"


class Verdict(StrEnum):
    """What a review says."""

    APPROVE = "APPROVE"
    REQUEST_CHANGES = "REQUEST_CHANGES"
    COMMENT = "COMMENT"


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """A review as it is now; `state` is APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING."""

    id: int
    author: User
    state: str
    body: str = ""
    commit: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPullRequest:
    """`head` is a branch of this repository."""

    head: str
    base: str
    title: str
    body: str
    draft: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """An issue; pull requests are issues too."""

    number: int
    title: str
    body: str
    state: str
    author: User
    labels: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Posted:
    """A check run that is there: by its id, with what it was last given, and how many annotations it has."""

    id: int
    name: str
    external_id: str
    status: str
    conclusion: str | None = None
    url: str = ""
    annotations: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitStatus:
    """`state` is error, failure, pending or success; `context` names it, and the newest of a context counts."""

    context: str
    state: str
    description: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryFacts:
    """What is worth knowing of the repository itself; None where the credential may not see it."""

    full_name: str
    id: int
    private: bool
    default_branch: str
    url: str
    actions_may_open_pull_requests: bool | None = None
    permissions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """Where git finds the repository, and the token that it shows there."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """How many of the hour's creations (what is posted anew) are used up, by all processes of the credential."""

    used: int
    most: int

    @property
    def scarce(self) -> bool:
        """Past half: only what matters should get something of its own, such as a check run for a failed node."""
        return 2 * self.used > self.most
