"""The `Git` port on a real repository: one object that puts the parts of this room together."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import BadInput, Conflict, Unavailable
from orchestrator.execution.commit import Commit, FileChange
from orchestrator.git import commits, deepening, history, merging, origin, snapshot, tags, transfer
from orchestrator.git.changes import shown
from orchestrator.git.command import find_git
from orchestrator.git.discovery import Checkout, discover
from orchestrator.git.mirror import Mirror
from orchestrator.git.opened import Draft, OpenedWorkspace
from orchestrator.git.workspaces import Workspaces, show_agent
from orchestrator.lifecycle.ports import Author, CommitMessage, Snapshot, Workspace

if TYPE_CHECKING:
    from orchestrator.lifecycle.ports.github import Remote


def _utc_now() -> datetime:
    return datetime.now(UTC)


class GitRepository:
    """The repository whose checkout is `root`; mirror and workspaces lie below `cache_dir`.

    Nothing happens before the first call. Where `root` holds no checkout, as on a worker that gets all commits as
    bundles, everything works but `snapshot` and `create_branch`. `github` is asked for the repository there where
    `origin` cannot be read. Branches that are `apart` have nothing to do with the code, and are not fetched. Safe to
    use from several threads.
    """

    def __init__(
        self,
        *,
        root: Path,
        cache_dir: Path,
        environ: Mapping[str, str],
        now: Callable[[], datetime] = _utc_now,
        github: Callable[[], Remote | None] = lambda: None,
        apart: Collection[str] = (),
    ) -> None:
        self._root = root.resolve()
        self._environ = environ
        self._now = now
        self._github = github
        self._apart = apart
        self._deepened: dict[tuple[str, str | None], str] = {}
        self._folder = cache_dir.resolve() / "repositories" / _key(self._root)
        self._workspaces = Workspaces(self._folder)
        self._opening = threading.Lock()
        self._opened: Mirror | None = None
        self._left_out: dict[Path, tuple[str, ...]] = {}

    def snapshot(self, ref: str | None = None) -> Snapshot:
        checkout = self._checkout()
        return snapshot.take(checkout, self._mirror(), ref)

    def prepare(self, name: str, commit: str | None) -> Workspace:
        if commit is None:
            return self._workspaces.prepare_empty(name)
        mirror = self._mirror()
        return self._workspaces.prepare(name, mirror.commit(commit), mirror)

    def changes(self, workspace: Workspace) -> tuple[FileChange, ...]:
        return commits.changes(self._open(workspace), workspace.base) if workspace.base else ()

    def commit(self, workspace: Workspace, author: Author, message: CommitMessage) -> str | None:
        opened = self._open(workspace)
        if opened.is_merging():
            raise Conflict(f"a merge is under way in {opened.tree.name}", hint="conclude it first")
        made, left_out = commits.commit_files(opened, self._draft(author, message))
        self._left_out[workspace.path] = tuple(f"{shown(left.path)}: {left.reason}" for left in left_out)
        return made

    def left_out(self, workspace: Workspace) -> tuple[str, ...]:
        return self._left_out.get(workspace.path, ())

    def merge(self, workspace: Workspace, commit: str, author: Author, message: CommitMessage) -> tuple[str, ...]:
        opened, mirror = self._open(workspace), self._mirror()
        conflicts = merging.merge(opened, mirror.commit(commit), self._draft(author, message))
        show_agent(opened)
        return tuple(map(shown, conflicts))

    def conclude_merge(self, workspace: Workspace, author: Author, message: CommitMessage) -> tuple[str, ...]:
        opened = self._open(workspace)
        conflicts = merging.conclude(opened, self._draft(author, message))
        if not conflicts:
            show_agent(opened)
        return tuple(map(shown, conflicts))

    def head(self, workspace: Workspace) -> str:
        return self._open(workspace).head

    def release(self, workspace: Workspace) -> None:
        self._left_out.pop(workspace.path, None)
        self._workspaces.release(workspace)

    def bundle(self, commit: str, *, known: Sequence[str]) -> bytes:
        return transfer.bundle(self._mirror(), commit, known)

    def unbundle(self, bundle: bytes) -> None:
        transfer.unbundle(self._mirror(), bundle)

    def published(self) -> list[str]:
        checkout = self._checkout_if_any()
        return origin.published(checkout) if checkout else []

    def fetch(self, commit: str) -> bool:
        checkout = self._checkout_if_any()
        if checkout is None:
            return False
        return self._origin(checkout).fetch(commit)

    def deepen(self, commit: str, other: str | None) -> None:
        wanted = (commit, other)
        if failed := self._deepened.get(wanted):
            raise Unavailable(failed)
        checkout = None if wanted in self._deepened else self._checkout_if_any()
        if checkout is None:
            return
        try:
            deepening.deepen(self._origin(checkout), commit, other)
        except Unavailable as error:
            self._deepened[wanted] = str(error)  # every node would wait for it again
            raise
        tags.note(checkout, self._mirror())
        self._deepened[wanted] = ""

    def parents(self, commit: str) -> tuple[str, ...]:
        return history.parents(self._mirror(), commit)

    def has(self, commit: str) -> bool:
        return self._mirror().has(commit)

    def log(self, base: str, commit: str) -> list[Commit]:
        return history.log(self._mirror(), base, commit)

    def history(self, commit: str, paths: Collection[str], *, limit: int) -> list[str]:
        return history.changing(self._mirror(), commit, paths, limit)

    def difference(self, base: str, commit: str) -> tuple[FileChange, ...]:
        return history.difference(self._mirror(), base, commit)

    def diff(self, base: str, commit: str, *, limit: int = 1_000_000, as_text: bool = False) -> str:
        return history.diff(self._mirror(), base, commit, limit, as_text=as_text)

    def new_files(self, base: str, commit: str, *, limit: int) -> list[bytes] | None:
        return history.new_files(self._mirror(), base, commit, limit)

    def read(self, commit: str, path: str) -> bytes | None:
        return history.read(self._mirror(), commit, path)

    def read_all(self, commit: str, paths: Collection[str]) -> dict[str, bytes]:
        return history.read_all(self._mirror(), commit, paths)

    def files(self, commit: str, *, under: str = "") -> list[str]:
        return history.files(self._mirror(), commit, under)

    def create_branch(self, name: str, commit: str) -> None:
        transfer.create_branch(self._mirror(), self._checkout(), name, commit)

    def push(self, remote: Remote, branch: str, commit: str, *, expected: str | None, rewrite: bool = False) -> None:
        from orchestrator.git.push import Move, push  # only who publishes needs it

        move = Move(branch=branch, commit=commit, expected=expected, rewrite=rewrite)
        push(self._mirror(), self._environ, remote, move)

    def sweep(self, *, quota_bytes: int) -> int:
        if (self._folder / "mirror.git").is_dir():
            self._mirror().tidy()
        return self._workspaces.sweep(quota_bytes=quota_bytes)

    def _open(self, workspace: Workspace) -> OpenedWorkspace:
        return self._workspaces.open(workspace, self._mirror())

    def _draft(self, author: Author, message: CommitMessage) -> Draft:
        return Draft(author=author, message=message, at=self._now())

    def _origin(self, checkout: Checkout) -> origin.Origin:
        return origin.Origin(
            mirror=self._mirror(), checkout=checkout, environ=self._environ, github=self._github, apart=self._apart
        )

    def _checkout(self) -> Checkout:
        return discover(self._root, self._environ)

    def _checkout_if_any(self) -> Checkout | None:
        try:
            return self._checkout()
        except BadInput:
            return None

    def _mirror(self) -> Mirror:
        """The mirror, made or mended when this process first needs it, and again when somebody removed it."""
        with self._opening:
            if self._opened is None or not (self._opened.path / "HEAD").is_file():
                self._opened = self._make_mirror()
            return self._opened

    def _make_mirror(self) -> Mirror:
        checkout = self._checkout_if_any()
        object_format = checkout.object_format if checkout else "sha1"
        mirror = Mirror(find_git(self._environ), self._folder, object_format=object_format)
        mirror.ensure(checkout)
        return mirror


def _key(root: Path) -> str:
    """A folder name for the repository that people can read and no two repositories share."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", root.name).strip("-.")[:32] or "repository"
    return f"{name}-{hashlib.sha256(bytes(root)).hexdigest()[:8]}"
