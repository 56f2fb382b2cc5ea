"""The folders where attempts work: made, thrown away, swept up when their process died.

`workspaces/<name>` is what an attempt sees. `private/<name>` is ours: the git directory we commit with, and the lock
that the process which made the workspace holds for as long as it lives.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from orchestrator.errors import NotFound, SetupError
from orchestrator.git import gitdir
from orchestrator.git.checkouts import Checkouts
from orchestrator.git.command import GitFailed
from orchestrator.git.locking import lock, locked, try_lock
from orchestrator.git.mirror import Mirror
from orchestrator.git.opened import OpenedWorkspace
from orchestrator.git.placing import scatter
from orchestrator.git.trash import Trash, remove
from orchestrator.lifecycle.ports import Workspace

_log = logging.getLogger(__name__)
_LONGEST_NAME = 48


class Workspaces:
    """All workspaces of one repository, below `folder`. Safe to use from several threads and processes at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._trees = folder / "workspaces"
        self._private = folder / "private"
        self._checkouts = Checkouts(folder / "checkouts")
        self._trash = Trash(folder / "trash")
        self._registry = folder / "workspaces.lock"
        self._held: dict[str, int] = {}
        self._held_guard = threading.Lock()

    def prepare_empty(self, name: str) -> Workspace:
        """An empty folder without a repository."""
        return Workspace(path=self._trees / self._claim(name), git_dir=None, base=None)

    def prepare(self, name: str, commit: str, mirror: Mirror) -> Workspace:
        """A folder with the files of `commit`, and a `.git` for the agent; `NotFound` where there is no such commit."""
        claimed = self._claim(name)
        tree, private = self._trees / claimed, self._private / claimed
        workspace = Workspace(path=tree, git_dir=private, base=commit, borrowed=mirror.object_stores())
        try:
            with _writing(self._folder):
                gitdir.write_private(private, mirror=mirror.path, commit=commit)
                opened = self.open(workspace, mirror)
                self._checkouts.fill(opened, commit)
                show_agent(opened)
        except BaseException as error:
            self.release(workspace)
            mirror.forget()
            if isinstance(error, GitFailed) and not mirror.has(commit):
                raise NotFound(f"commit {commit[:12]} is not in the mirror at {mirror.path}") from error
            raise
        return workspace

    def open(self, workspace: Workspace, mirror: Mirror) -> OpenedWorkspace:
        """The workspace with our git on it; `NotFound` when it is gone, or has no repository."""
        tree, private = workspace.path, workspace.git_dir
        if private is None or not (private / "HEAD").is_file() or not tree.is_dir():
            raise NotFound(f"there is no workspace with a repository at {tree}")
        git = mirror.git.at(tree, git_dir=private, work_tree=tree)
        return OpenedWorkspace(tree=tree, private=private, git=git, mirror=mirror)

    def release(self, workspace: Workspace) -> None:
        """Take a workspace away at once; its files are removed in the background.

        What cannot be removed is said in the log, and left to `sweep` where it can be tried again.
        """
        if workspace.path.parent != self._trees:
            raise NotFound(f"{workspace.path} is not a workspace of this repository")
        self._throw_away(workspace.path.name)
        with self._held_guard:
            descriptor = self._held.pop(workspace.path.name, None)
        if descriptor is not None:
            os.close(descriptor)

    def sweep(self, *, quota_bytes: int) -> int:
        """Remove what dead processes left, oldest first, until all workspaces together fit; bytes freed.

        What they had thrown away already goes in any case.
        """
        self._trash.empty()
        sizes = {name: _size(self._trees / name) + _size(self._private / name) for name in self._names()}
        freed = 0
        for name in sorted(sizes, key=self._age):
            if sum(sizes.values()) - freed <= quota_bytes:
                break
            if self._remove_leftover(name):
                freed += sizes[name]
        return freed

    def _claim(self, name: str) -> str:
        """Reserve a folder name that nobody uses, and hold its lock."""
        wanted = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:_LONGEST_NAME] or "workspace"
        with _writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in (self._private, self._trees):
                folder.mkdir(exist_ok=True)
                scatter(folder)
            with locked(self._registry):
                return self._reserve(wanted)

    def _reserve(self, wanted: str) -> str:
        taken = self._names()
        name = next(
            name for number in count(1) if (name := wanted if number == 1 else f"{wanted}-{number}") not in taken
        )
        (self._private / name).mkdir()
        (self._trees / name).mkdir()
        with self._held_guard:
            self._held[name] = lock(self._private / name / "lock")
        return name

    def _remove_leftover(self, name: str) -> bool:
        with locked(self._registry):
            (self._private / name).mkdir(exist_ok=True)
            descriptor = try_lock(self._private / name / "lock")
        if descriptor is None:
            return False
        try:
            return self._remove(name)
        finally:
            os.close(descriptor)

    def _throw_away(self, name: str) -> None:
        try:
            self._trash.take((self._trees / name, self._private / name))
        except OSError as error:
            _log.debug("%s is removed where it is: %s", name, error)
            self._remove(name)

    def _remove(self, name: str) -> bool:
        # The lock file goes last: while it exists and is held, nobody else takes or sweeps the name.
        return remove(self._trees / name) and remove(self._private / name)

    def _names(self) -> set[str]:
        return {entry.name for folder in (self._trees, self._private) if folder.is_dir() for entry in folder.iterdir()}

    def _age(self, name: str) -> float:
        try:
            return (self._private / name / "lock").stat().st_mtime
        except OSError:
            return 0


def show_agent(workspace: OpenedWorkspace) -> None:
    """Give the agent a `.git` that shows the workspace's present commit and merge."""
    mirror = workspace.mirror
    gitdir.write_for_agent(
        workspace.tree, mirror=mirror.path, private=workspace.private, object_format=mirror.object_format
    )


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SetupError(
            f"no workspace can be made below {folder}: {error.strerror}",
            hint="make room there, or set MYCELIUM_CACHE_DIR to another folder, then rerun",
        ) from error


def _size(path: Path) -> int:
    return sum(_blocks(path))


def _blocks(path: Path) -> Iterator[int]:
    """Bytes on disk of every file below `path`; what vanishes meanwhile counts nothing."""
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                yield entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    yield from _blocks(Path(entry.path))
    except OSError:
        return
