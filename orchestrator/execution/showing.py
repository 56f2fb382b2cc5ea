"""What GitHub shows of an execution, and how far that is behind: values that the store keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

EXECUTION: Final = "execution"
"""The place of the check run, or of the commit status, of the execution as a whole."""

COMMENT: Final = "comment"

MISTAKE: Final = "by a mistake of Mycelium"
"""How `trouble` begins where nobody else is to blame."""


def run_place(index: int) -> str:
    """The place of what a node run has of its own."""
    return f"run {index}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where an execution is shown: on a commit, and below a pull request or an issue.

    `repository` is `owner/name`; `head_sha` is empty where there is no commit to show anything on, `number` is None
    where there is nothing to comment on. `job_url` leads to the job of GitHub Actions that runs it.
    """

    repository: str
    head_sha: str = ""
    number: int | None = None
    job_url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Showing:
    """How GitHub's picture of an execution stands.

    `changes` counts the transactions that changed the execution, `told` is what it was when GitHub last agreed.
    `refused` names the kinds of things that GitHub will not have from us, and `trouble` says what is the matter.
    """

    execution_id: str
    workflow_id: str
    target: Target
    changes: int = 0
    told: int = 0
    refused: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def behind(self) -> bool:
        return self.changes > self.told


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One thing that GitHub shows, by its place.

    `github_id` is GitHub's id, None before there is one. `digest` is that of the content last sent; it may be empty,
    and then nobody knows. `round` rises whenever the place needs a new check run; `concluded` says that the check run
    has ended, for good. `annotations` counts those that were sent. `begun` says that something was sent which must not
    be sent twice, and no answer has come: GitHub has to be asked. `refused` is what GitHub said against the content.
    """

    place: str
    github_id: int | None = None
    digest: str = ""
    round: int = 0
    concluded: bool = False
    annotations: int = 0
    begun: bool = False
    refused: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A pull request that may change definitions, or a commit of the default branch that may have broken some, and how
    far GitHub's picture of that is.

    Of a pull request there is the `number`, and its commits are asked for when it is looked at; of a push there are
    `before` and `after`. `instance` is who looks. `changes`, `told`, `refused` and `trouble` are as in `Showing`;
    `shown` are the things on GitHub.
    """

    repository: str
    number: int | None = None
    before: str = ""
    after: str = ""
    instance: str = ""
    changes: int = 1
    told: int = 0
    refused: tuple[str, ...] = ()
    trouble: str = ""
    shown: tuple[Shown, ...] = ()

    @property
    def subject(self) -> str:
        """What it is about, as in an address: it has one row in a repository."""
        return f"pull/{self.number}" if self.number is not None else f"commit/{self.after}"

    @property
    def behind(self) -> bool:
        return self.changes > self.told
