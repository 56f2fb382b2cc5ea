"""One repository on GitHub, as one credential sees and changes it.

Reads may answer from a cache that GitHub confirmed. No method sleeps: where the budget that all processes share has no
room, or GitHub asks to wait, it raises `Busy` with the time at which to try again, and nothing was sent or nothing was
done. A write whose answer was lost raises `Unavailable`, and may have happened: look before you write it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from orchestrator.definition.roles import Role
from orchestrator.execution.commit import FileChange
from orchestrator.lifecycle.ports.github.values import (
    Abilities,
    Comment,
    CommitStatus,
    Issue,
    LineComment,
    NewPullRequest,
    Posted,
    PullRequest,
    Remote,
    RepositoryFacts,
    Review,
    Room,
    Urgency,
    User,
    Verdict,
)

if TYPE_CHECKING:
    # Every worker knows the port, and none of them renders.
    from orchestrator.report.check_run import CheckAnnotation, CheckRun


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

    def role(self, login: str, *, account: int = 0) -> Role:
        """As GitHub's permission API says, which knows private members too; at most 60 seconds old.

        `account` is the number of whoever is meant: none where the login is somebody else's by now.
        """
        ...

    def in_team(self, login: str, team: str) -> bool:
        """Whether somebody is an active member of `organisation/team-slug`."""
        ...

    def comments(self, number: int) -> Iterator[Comment]:
        """Of an issue or pull request, oldest first, from all pages."""
        ...

    def comment(self, comment_id: int) -> Comment: ...

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

    def tip(self, ref: str) -> str | None:
        """The commit that a ref leads to, by its full name, such as `refs/tags/v1`; of an annotated tag, what it marks.

        Never anything but that ref, also where its name reads like a commit. None where there is none, for whatever is
        neither a branch nor a tag, and for a tag of something else than a commit.
        """
        ...

    def merge_base(self, base: str, head: str) -> str:
        """The newest commit that two have in common, each named by its SHA or its branch. Asked of GitHub, because a
        clone of a job's has no history. `NotFound` where there is none."""
        ...

    def remote(self) -> Remote:
        """What git needs to fetch and push here, good for some minutes; for the git adapter alone."""
        ...
