"""Fills new workspaces with a commit's files, and unpacks a commit that several nodes start from only once.

The first checkout of a commit is git's. If somebody else wants the same commit meanwhile, or once more later, what git
checked out is kept as one file, and other workspaces are written from that.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from orchestrator.git.index import date_back
from orchestrator.git.locking import locked, try_lock
from orchestrator.git.opened import OpenedWorkspace
from orchestrator.git.unpacked import Unpacked, packed_up

_KEPT = 8
_LOCKS = 100
_UNFIT_SECONDS = 24 * 60 * 60


class Checkouts:
    """The kept commits of one repository in `folder`. Safe to use from several threads and processes at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unfit = folder / "unfit"

    def fill(self, workspace: OpenedWorkspace, commit: str) -> None:
        """Write the commit's files into an empty workspace, and its index."""
        if self._copied(workspace, commit):
            return
        if _age(self._unfit) < _UNFIT_SECONDS:
            _check_out(workspace, commit)
            return
        self._folder.mkdir(exist_ok=True, mode=0o700)
        lock = self._folder / commit
        descriptor = try_lock(lock)
        if descriptor is None:
            self._wait(workspace, commit)
            return
        try:
            self._fill_first(workspace, commit, descriptor)
        finally:
            os.close(descriptor)

    def _wait(self, workspace: OpenedWorkspace, commit: str) -> None:
        """Somebody checks the same commit out: let them keep it, and copy that."""
        lock = self._folder / commit
        with lock.open("ab") as file:
            file.write(b"wanted\n")
        with locked(lock):
            pass
        if not self._copied(workspace, commit):
            _check_out(workspace, commit)

    def _fill_first(self, workspace: OpenedWorkspace, commit: str, lock: int) -> None:
        if self._copied(workspace, commit):
            return
        _check_out(workspace, commit)
        if os.fstat(lock).st_size:
            self._keep(workspace, commit)
        else:
            os.write(lock, b"seen\n")
        self._tidy()

    def _copied(self, workspace: OpenedWorkspace, commit: str) -> bool:
        """Whether there was a kept commit that is whole, and now is in the workspace."""
        place = self._folder / f"{commit}.files"
        try:
            kept = Unpacked(place.read_bytes(), workspace.mirror.object_format)
        except (FileNotFoundError, ValueError):
            return False
        with suppress(FileNotFoundError):
            os.utime(place)
        try:
            (workspace.private / "index").write_bytes(kept.write(workspace.tree))
        except FileExistsError:
            # Names that differ in their case alone, on a disk for which they are one: git knows what to do.
            return False
        return True

    def _keep(self, workspace: OpenedWorkspace, commit: str) -> None:
        try:
            content = packed_up(workspace.tree, workspace.private / "index", workspace.mirror.object_format)
        except ValueError:
            self._unfit.touch()
            return
        fresh = self._folder / f"{commit}.{os.getpid()}.new"
        try:
            fresh.write_bytes(content)
            fresh.chmod(0o400)
            fresh.replace(self._folder / f"{commit}.files")
        except OSError:
            # A disk that is full has room for the workspace at best.
            fresh.unlink(missing_ok=True)

    def _tidy(self) -> None:
        """Remove what was not used for longest."""
        found = sorted(self._folder.iterdir(), key=_age)
        kept = [path for path in found if path.suffix == ".files"]
        others = [path for path in found if path.suffix != ".files"]
        for path in (*kept[_KEPT:], *others[_LOCKS:]):
            path.unlink(missing_ok=True)


def _check_out(workspace: OpenedWorkspace, commit: str) -> None:
    workspace.git.run("read-tree", "-u", "--reset", commit)
    date_back(workspace.private / "index", workspace.tree, object_format=workspace.mirror.object_format)


def _age(path: Path) -> float:
    """Seconds since it was last written or used."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return float("inf")
