"""A workspace with our own git on it, and the draft of a commit to make there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestrator.git import gitdir
from orchestrator.git.command import Command
from orchestrator.git.message import identity
from orchestrator.git.mirror import Mirror
from orchestrator.lifecycle.ports import Author, CommitMessage


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedWorkspace:
    """`tree` has the files, `private` our git directory; `git` is bound to both and to nothing the agent can write.

    What is committed there goes into `mirror`.
    """

    tree: Path
    private: Path
    git: Command
    mirror: Mirror

    @property
    def head(self) -> str:
        """The present commit."""
        return (self.private / "HEAD").read_text().strip()

    def move_to(self, commit: str) -> None:
        """Make `commit` the present one, and keep it reachable."""
        self.mirror.keep([commit])
        gitdir.put(self.private / "HEAD", f"{commit}\n")

    def is_merging(self) -> bool:
        return (self.private / "MERGE_HEAD").exists()


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """Who makes a commit, when, and what its message says."""

    author: Author
    message: CommitMessage
    at: datetime

    def signatures(self) -> dict[str, str]:
        """The environment in which git signs a commit so."""
        name, email = identity(self.author)
        date = f"{int(self.at.timestamp())} +0000"
        return {
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": email,
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": gitdir.NAME,
            "GIT_COMMITTER_EMAIL": gitdir.EMAIL,
            "GIT_COMMITTER_DATE": date,
        }
