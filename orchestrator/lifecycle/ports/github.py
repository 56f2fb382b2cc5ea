"""One repository on GitHub, as one credential sees and changes it.

Reads may answer from a cache that GitHub confirmed. No method sleeps: where the budget that all processes share has no
room, or GitHub asks to wait, it raises `Busy` with the time at which to try again, and nothing was sent or nothing was
done. A write whose answer was lost raises `Unavailable`, and may have happened: look before you write it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Protocol

from orchestrator.definition.roles import Role as Role  # noqa: PLC0414 - part of the port
from orchestrator.errors import Unavailable
from orchestrator.execution.state import FileChange

if TYPE_CHECKING:
    # Every worker knows the port, and none of them renders.
    from orchestrator.report.check_run import CheckAnnotation, CheckRun


class Busy(Unavailable):
    """Not now: `until` is when the budget has room again, or when GitHub wants to be asked again."""

    def __init__(self, message: str, *, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class Forbidden(Unavailable):
    """The credential, or a setting of the repository, does not allow it; `needs` says which permission or setting."""

    def __init__(self, message: str, *, needs: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.needs = needs


class Credential(StrEnum):
    """What kind of token speaks."""

    APP = "app"
    ACTIONS = "actions"
    """`GITHUB_TOKEN` of a job."""
    PERSONAL = "personal"


@dataclass(frozen=True, kw_only=True, slots=True)
class Abilities:
    """What the credential can do at all, whatever its permissions: nothing else is offered to anybody.

    `links`: a check run's details URL leads where it says. `starts_workflows`: what it pushes and opens starts Actions.
    """

    credential: Credential
    check_runs: bool
    buttons: bool
    links: bool
    starts_workflows: bool


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


class GitHub(Protocol):
    """One repository. Unknown numbers, ids and commits raise `NotFound`."""

    @property
    def repository(self) -> str:
        """`owner/name`."""
        ...

    @property
    def url(self) -> str:
        """Where people see it, such as `https://github.com/owner/name`."""
        ...

    @property
    def abilities(self) -> Abilities: ...

    def room(self) -> Room:
        """What the budget says; GitHub is not asked."""
        ...

    def me(self) -> User:
        """Whose name stands under what is written."""
        ...

    def facts(self) -> RepositoryFacts: ...

    def pull_request(self, number: int) -> PullRequest: ...

    def pull_requests(self, *, head: str = "", base: str = "", state: str = "open") -> list[PullRequest]:
        """Those of a head branch of this repository and of a base branch, where they are given."""
        ...

    def changed_files(self, number: int) -> list[FileChange]:
        """Of a pull request; GitHub tells the first 3,000."""
        ...

    def patches(self, number: int) -> dict[str, str]:
        """The hunks of a pull request's diff by path, as GitHub shows them; without files that have none (binary ones,
        too large ones)."""
        ...

    def issue(self, number: int) -> Issue: ...

    def role(self, login: str) -> Role:
        """As GitHub's permission API says, which knows private members too; at most 60 seconds old."""
        ...

    def in_team(self, login: str, team: str) -> bool:
        """Whether somebody is an active member of `organisation/team-slug`."""
        ...

    def comments(self, number: int) -> Iterator[Comment]:
        """Of an issue or pull request, oldest first, from all pages."""
        ...

    def write_comment(self, number: int, body: str, *, urgency: Urgency = Urgency.PROGRESS) -> Comment: ...

    def edit_comment(self, comment_id: int, body: str, *, urgency: Urgency = Urgency.PROGRESS) -> None: ...

    def react(self, comment_id: int, content: str) -> None:
        """Add a reaction to a comment: `eyes`, `rocket`, `confused`, `+1` or `-1`; a second time changes nothing."""
        ...

    def find_check_runs(self, head_sha: str, name: str = "") -> list[Posted]:
        """Those that this credential's App made, newest first."""
        ...

    def create_check_run(self, head_sha: str, check: CheckRun, *, urgency: Urgency = Urgency.PROGRESS) -> Posted:
        """With the first batch of annotations."""
        ...

    def update_check_run(self, check_id: int, check: CheckRun, *, urgency: Urgency = Urgency.PROGRESS) -> None:
        """Everything but its annotations, which GitHub would add once more; one that is completed stays so."""
        ...

    def annotate(self, check_id: int, check: CheckRun, batch: Sequence[CheckAnnotation]) -> None:
        """Add one batch."""
        ...

    def set_status(self, sha: str, status: CommitStatus, *, urgency: Urgency = Urgency.PROGRESS) -> None: ...

    def open_pull_request(self, new: NewPullRequest) -> PullRequest:
        """`Forbidden` names the setting where Actions may not open any; `Conflict` where there is one already."""
        ...

    def edit_pull_request(self, number: int, *, title: str | None = None, body: str | None = None) -> None: ...

    def request_reviewers(self, number: int, reviewers: Sequence[str]) -> None:
        """Ask for reviews: logins, and teams as `organisation/team-slug`. `BadInput` where one cannot be asked."""
        ...

    def reviews(self, number: int) -> list[Review]: ...

    def write_review(
        self, number: int, *, commit: str, verdict: Verdict, body: str, comments: Sequence[LineComment]
    ) -> Review:
        """`BadInput` where a line is not part of the diff."""
        ...

    def add_labels(self, number: int, labels: Sequence[str]) -> None: ...

    def remove_label(self, number: int, label: str) -> None:
        """One that is not there is no error."""
        ...

    def find_issues(self, *, label: str = "", state: str = "open") -> Iterator[Issue]:
        """Without pull requests, newest first."""
        ...

    def write_issue(self, title: str, body: str, labels: Sequence[str]) -> Issue: ...

    def branch(self, name: str) -> str | None:
        """The commit a branch points at."""
        ...

    def remote(self) -> Remote:
        """What git needs to fetch and push here, good for some minutes; for the git adapter alone."""
        ...
