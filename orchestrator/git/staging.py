"""Takes a work tree's changes into an index, and leaves out what must not be committed unseen."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.git.command import Command

MAX_FILE_BYTES = 50_000_000
NESTED = "it is a git repository of its own"


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A changed path that is not taken into commits, and why."""

    path: str
    reason: str


def stage(git: Command, work_tree: Path, *, untracked: bool, also: Iterable[str] = ()) -> tuple[LeftOut, ...]:
    """Bring the index that `git` is bound to in line with the work tree; ignored files stay out.

    `git add` is not used: it would record a nested repository as a link to commits nobody else has, read the config
    of submodules, and stop at the first file it cannot read. `also` names unmerged paths to settle.
    """
    kinds = ("--others", "--exclude-standard") if untracked else ()
    listed = git.run("ls-files", "-z", "--modified", "--deleted", *kinds).fields()
    take: list[str] = []
    gone: list[str] = []
    left_out: list[LeftOut] = []
    for path in dict.fromkeys([*listed, *also]):
        if _is_gone(work_tree, path):
            gone.append(path)
        elif reason := _objection(work_tree / path):
            left_out.append(LeftOut(path=path, reason=reason))
        else:
            take.append(path)
    _update(git, ("--force-remove",), gone)
    _update(git, ("--add", "--replace"), take)
    return tuple(left_out)


def _update(git: Command, how: tuple[str, ...], paths: list[str]) -> None:
    if paths:
        names = b"".join(os.fsencode(path) + b"\0" for path in paths)
        git.run("update-index", *how, "-z", "--stdin", stdin=names)


def _is_gone(work_tree: Path, path: str) -> bool:
    """Whether git's file is no more: nothing is there, or a folder is, or a folder on the way became a link."""
    place = work_tree / path
    if any((work_tree / parent).is_symlink() for parent in list(Path(path).parents)[:-1]):
        return True
    try:
        return stat.S_ISDIR(place.lstat().st_mode) and not os.path.lexists(place / ".git")
    except (FileNotFoundError, NotADirectoryError):
        return True
    except PermissionError:
        return False


def _objection(place: Path) -> str | None:
    try:
        found = place.lstat()
    except PermissionError as error:
        return f"it cannot be read: {error.strerror}"
    if stat.S_ISDIR(found.st_mode):
        return NESTED
    if stat.S_ISLNK(found.st_mode):
        return None
    if not stat.S_ISREG(found.st_mode):
        return "it is neither a file nor a symbolic link"
    if found.st_size > MAX_FILE_BYTES:
        return f"it has {found.st_size / 1e6:,.0f} MB, and the limit is {MAX_FILE_BYTES / 1e6:,.0f} MB"
    return None if os.access(place, os.R_OK) else "it cannot be read: permission denied"
