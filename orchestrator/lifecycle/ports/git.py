"""The repository an execution works on, and the folders its nodes work in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from orchestrator.execution.commit import Commit, FileChange

if TYPE_CHECKING:
    from orchestrator.lifecycle.ports.github import Remote


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """What an execution starts from. `base` equals `head` unless uncommitted tracked changes were taken along."""

    head: str
    base: str
    dirty: bool
    branch: str
    repository: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Workspace:
    """A folder where one attempt works, and the commit it was made from (None for `workspace: none`).

    `borrowed` are folders elsewhere that git reads when it is called in the folder.
    """

    path: Path
    git_dir: Path | None
    base: str | None
    borrowed: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Who a commit is by."""

    name: str
    email: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitMessage:
    """`trailers` become `Key: value` lines at the end."""

    subject: str
    body: str = ""
    trailers: tuple[tuple[str, str], ...] = ()


DIFF_GOES_ON: Final = "# The diff goes on: "
"""How the last line begins of a diff that ends at its limit; no line of a file's content does."""


class Git(Protocol):
    """The repository an execution works on. Nothing here touches the user's checkout or index."""

    def snapshot(self, ref: str | None = None) -> Snapshot:
        """The commit to start from: `ref`, or the checkout with its uncommitted tracked changes.

        `BadInput` where there is no repository, a bare or an empty one, or no such ref.
        """
        ...

    def prepare(self, name: str, commit: str | None) -> Workspace:
        """A fresh workspace, named for people by `name`; an empty folder when `commit` is None."""
        ...

    def changes(self, workspace: Workspace) -> tuple[FileChange, ...]:
        """Everything in the workspace that differs from its base, untracked files included, ignored ones not."""
        ...

    def commit(self, workspace: Workspace, author: Author, message: CommitMessage) -> str | None:
        """Commit all changes and keep the commit reachable; None when there are none."""
        ...

    def left_out(self, workspace: Workspace) -> tuple[str, ...]:
        """What the last `commit` did not take, a line each with the reason: huge files, nested repositories."""
        ...

    def merge(self, workspace: Workspace, commit: str, author: Author, message: CommitMessage) -> tuple[str, ...]:
        """Merge `commit` into the workspace's present commit.

        An empty answer means done (also when there was nothing to do). Otherwise these paths conflict, and lie in the
        workspace with conflict markers, for `conclude_merge` or for throwing away.
        """
        ...

    def conclude_merge(self, workspace: Workspace, author: Author, message: CommitMessage) -> tuple[str, ...]:
        """Commit a merge whose conflicts were edited away; else the paths that still hold markers, and no commit."""
        ...

    def head(self, workspace: Workspace) -> str:
        """The workspace's present commit."""
        ...

    def release(self, workspace: Workspace) -> None:
        """Throw the workspace away; commits stay."""
        ...

    def bundle(self, commit: str, *, known: Sequence[str]) -> bytes:
        """A thin bundle with `commit` for a machine that has `known`."""
        ...

    def unbundle(self, bundle: bytes) -> None:
        """Take a bundle's commits in; `Conflict` where commits that it builds on are not here."""
        ...

    def published(self) -> list[str]:
        """Commits that every clone of the repository can be expected to have, or to get: those known of `origin`."""
        ...

    def fetch(self, commit: str) -> bool:
        """Get what `origin` has; whether the commit is here now. `Unavailable` where `origin` cannot be read."""
        ...

    def deepen(self, commit: str, other: str | None) -> None:
        """Have history here that a shallow clone lacks: of both down to where they part, with `other` itself.

        Without `other`, the recent history of `commit` and the tags on it. A clone that is whole has it. `Unavailable`
        where it cannot be had; it is not tried again then.
        """
        ...

    def parents(self, commit: str) -> tuple[str, ...]:
        """What a commit says it builds on; a shallow clone need not have them."""
        ...

    def has(self, commit: str) -> bool: ...

    def log(self, base: str, commit: str) -> list[Commit]:
        """Commits of `base..commit` in topological order, oldest first, with their changes against the first parent."""
        ...

    def history(self, commit: str, paths: Collection[str], *, limit: int) -> list[str]:
        """The newest commits that changed something at or below one of `paths`, newest first, at most `limit`.

        Only those that the branch itself was at: `commit` and its first parents. What a merge brought is one change.
        """
        ...

    def difference(self, base: str, commit: str) -> tuple[FileChange, ...]:
        """The files that differ between two commits."""
        ...

    def diff(self, base: str, commit: str, *, limit: int = 1_000_000, as_text: bool = False) -> str:
        """Unified diff of `base` to `commit`; past `limit` bytes it ends at a file boundary and says so.

        `as_text`: with the lines of every file, whatever its bytes and `.gitattributes` say of it.
        """
        ...

    def new_files(self, base: str, commit: str, *, limit: int) -> list[bytes] | None:
        """The content of every file that `commit` has, or one of its ancestors, and `base` and its ancestors have not.

        It is what a push would bring out. None where it is more than `limit` bytes.
        """
        ...

    def read(self, commit: str, path: str) -> bytes | None: ...

    def read_all(self, commit: str, paths: Collection[str]) -> dict[str, bytes]:
        """Many files at once, by path; those that are not there are left out."""
        ...

    def files(self, commit: str, *, under: str = "") -> list[str]: ...

    def create_branch(self, name: str, commit: str) -> None:
        """A branch in the user's repository; `Conflict` when it exists elsewhere. The checkout stays as it is."""
        ...

    def push(self, remote: Remote, branch: str, commit: str, *, expected: str | None, rewrite: bool = False) -> None:
        """Have a branch of `remote` point at `commit`, where it points at `expected` (None: where there is none).

        Nothing happens where it is there already. Without `rewrite`, `commit` has to come after `expected`. `Conflict`
        where the branch is elsewhere, `Forbidden` where it is not allowed, `Unavailable` where it may work later.
        """
        ...

    def sweep(self, *, quota_bytes: int) -> int:
        """Remove workspaces that dead processes left, oldest first, until all together fit the quota; bytes freed."""
        ...
