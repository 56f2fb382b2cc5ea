"""What somebody may do in a repository, and what a workflow asks of those who start it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Role(IntEnum):
    """GitHub's `role_name`, or the base role of a custom one; each includes those before it.

    https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
    """

    NONE = 0
    READ = 1
    TRIAGE = 2
    WRITE = 3
    MAINTAIN = 4
    ADMIN = 5

    @property
    def word(self) -> str:
        """As a workflow file and GitHub write it."""
        return self.name.lower()


class Forks(StrEnum):
    """What becomes of an execution for a pull request from a fork."""

    NEVER = "never"
    APPROVE = "approve"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """`trust`: who may start a workflow. `bots` are account ids of apps and bots, which otherwise start nothing."""

    actors: Role = Role.WRITE
    forks: Forks = Forks.APPROVE
    bots: tuple[int, ...] = ()
