"""What the stand-in remembers: accounts, repositories and all that hangs on them, as plain mutable records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from tests.fakes.github.bare_git import BareGit

ROLES = ("none", "read", "triage", "write", "maintain", "admin")
"""From least to most; each may do what those before it may."""


@dataclass(kw_only=True, eq=False)
class Account:
    """A user, bot or organisation; the fields from `members` on belong to organisations.

    `members` are active ones with their organisation role, `admin` or `member`. Only `public_members` show themselves,
    so that `author_association` does not know the others. `custom_roles` maps a name to the role it is based on.
    """

    id: int
    login: str
    kind: str = "User"
    name: str = ""
    email: str = ""
    created_at: datetime
    members: dict[str, str] = field(default_factory=dict)
    public_members: set[str] = field(default_factory=set)
    base_permission: str = "none"
    custom_roles: dict[str, str] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)


@dataclass(kw_only=True, eq=False)
class Team:
    """`members` maps a login to `active` or `pending`; `repositories` a full name to the role its members have."""

    id: int
    slug: str
    members: dict[str, str] = field(default_factory=dict)
    repositories: dict[str, str] = field(default_factory=dict)
    parent: Team | None = None


@dataclass(kw_only=True, eq=False)
class App:
    """A GitHub App; `public_key` (PEM) verifies what it signs."""

    id: int
    client_id: str
    slug: str
    name: str
    owner: Account
    bot: Account
    public_key: str
    permissions: dict[str, str]
    events: list[str]
    created_at: datetime


@dataclass(kw_only=True, eq=False)
class Installation:
    """`repositories` holds full names, or is None where the App sees all of the account's."""

    id: int
    app: App
    account: Account
    permissions: dict[str, str]
    repositories: set[str] | None
    created_at: datetime
    suspended: bool = False

    def covers(self, repository: Repository) -> bool:
        if repository.owner is not self.account:
            return False
        return self.repositories is None or repository.full_name in self.repositories


@dataclass(kw_only=True, eq=False)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass(kw_only=True, eq=False)
class Reaction:
    id: int
    user: Account
    content: str
    created_at: datetime


@dataclass(kw_only=True, eq=False)
class Comment:
    """On an issue or pull request; `app` wrote it, where an App did."""

    id: int
    number: int
    user: Account
    body: str
    created_at: datetime
    updated_at: datetime
    app: App | None = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(kw_only=True, eq=False)
class Issue:
    """An issue, or what a pull request has in common with one."""

    id: int
    number: int
    title: str
    body: str | None
    user: Account
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    state_reason: str | None = None
    labels: list[Label] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    comments: dict[int, Comment] = field(default_factory=dict)
    reactions: list[Reaction] = field(default_factory=list)
    closed_at: datetime | None = None
    closed_by: Account | None = None
    locked: bool = False
    app: App | None = None


@dataclass(kw_only=True, eq=False)
class ReviewComment:
    """`position` is the line's place below the first hunk header of the file's diff, `text` what stood there."""

    id: int
    review: Review
    path: str
    line: int
    side: str
    start_line: int | None
    start_side: str | None
    body: str
    diff_hunk: str
    text: str
    position: int
    user: Account
    commit_id: str
    created_at: datetime
    updated_at: datetime
    in_reply_to: int | None = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(kw_only=True, eq=False)
class Review:
    id: int
    user: Account
    state: str
    body: str
    commit_id: str
    submitted_at: datetime | None
    comments: list[ReviewComment] = field(default_factory=list)


@dataclass(kw_only=True, eq=False)
class PullRequest:
    """`head_repository` is None once the fork was deleted. `unknown_for` reads find mergeability not yet computed.

    `tried` are the base and head whose merge is `merge_commit_sha`.
    """

    id: int
    issue: Issue
    head_repository: Repository | None
    head_owner: Account
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool = False
    maintainer_can_modify: bool = False
    merged: bool = False
    merged_at: datetime | None = None
    merged_by: Account | None = None
    merge_commit_sha: str | None = None
    reviews: list[Review] = field(default_factory=list)
    requested_reviewers: list[Account] = field(default_factory=list)
    requested_teams: list[Team] = field(default_factory=list)
    unknown_for: int = 0
    tried: tuple[str, str] | None = None

    @property
    def number(self) -> int:
        return self.issue.number


@dataclass(kw_only=True, eq=False)
class CheckSuite:
    id: int
    app: App
    head_sha: str
    head_branch: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(kw_only=True, eq=False)
class CheckRun:
    id: int
    suite: CheckSuite
    name: str
    head_sha: str
    external_id: str = ""
    details_url: str | None = None
    status: str = "queued"
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, str]] = field(default_factory=list)


@dataclass(kw_only=True, eq=False)
class Status:
    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: Account
    created_at: datetime


@dataclass(kw_only=True, eq=False)
class Repository:
    """A repository with its settings; `collaborators` maps a login to a role's name, custom ones included."""

    id: int
    owner: Account
    name: str
    git: BareGit
    private: bool
    default_branch: str
    created_at: datetime
    fork_of: Repository | None = None
    archived: bool = False
    has_issues: bool = True
    actions_may_open_pull_requests: bool = False
    default_workflow_permissions: str = "read"
    collaborators: dict[str, str] = field(default_factory=dict)
    contributors: set[str] = field(default_factory=set)
    protected_branches: set[str] = field(default_factory=set)
    labels: dict[str, Label] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    suites: dict[int, CheckSuite] = field(default_factory=dict)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    dispatches: list[dict[str, Any]] = field(default_factory=list)
    attempts: dict[tuple[int, int], str] = field(default_factory=dict)
    """The status of attempts of runs of Actions, by run and attempt."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"


@dataclass(kw_only=True, eq=False)
class State:
    """All of one GitHub. Logins and names are found whatever their case, as GitHub finds them.

    `moved` leads from the names that repositories had before to what they are now. `manifests` holds those of Apps to
    be, by the code that GitHub gave for them.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    moved: dict[str, Repository] = field(default_factory=dict)
    manifests: dict[str, dict[str, Any]] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: count(1_000_001))

    def account(self, login: str) -> Account | None:
        return self.accounts.get(login.lower())

    def repository(self, full_name: str) -> Repository | None:
        return self.repositories.get(full_name.lower())
