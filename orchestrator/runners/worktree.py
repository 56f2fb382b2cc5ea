"""Changes files of a workspace on behalf of a transcript, and of nothing outside it."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath


class WorktreeError(Exception):
    """A change that does not fit; the message names the file."""


class Worktree:
    """The files below `root`. A path that leaves it, by `..`, as an absolute path or through a link, is refused."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace `old` by `new`; it must stand in the file exactly once."""
        file = self._inside(path)
        try:
            content = file.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise WorktreeError(f"`{path}` cannot be read: {error}") from error
        found = content.count(old) if old else 0
        if found != 1:
            raise WorktreeError(f"`{path}` holds this text {found} times instead of once: {_short(old)}")
        self._put(file, path, content.replace(old, new))

    def write(self, path: str, content: str) -> None:
        """Give the file this content; folders are made as needed."""
        self._put(self._inside(path), path, content)

    def delete(self, path: str) -> None:
        """Remove the file, which must be there."""
        try:
            self._inside(path).unlink()
        except OSError as error:
            raise WorktreeError(f"`{path}` cannot be deleted: {error}") from error

    def _put(self, file: Path, path: str, content: str) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
            with os.fdopen(fd, "wb") as out:
                out.write(content.encode())
        except OSError as error:
            raise WorktreeError(f"`{path}` cannot be written: {error}") from error

    def _inside(self, path: str) -> Path:
        pure = PurePosixPath(path)
        if not path or pure.is_absolute() or ".." in pure.parts or ".git" in pure.parts or "\0" in path:
            raise WorktreeError(f"`{path}` is not a path inside the workspace")
        file = self._root.joinpath(*pure.parts)
        if file.is_symlink() or not file.parent.resolve().is_relative_to(self._root):
            raise WorktreeError(f"`{path}` leads out of the workspace through a link")
        return file


def _short(text: str) -> str:
    line = " ⏎ ".join(text.splitlines())
    return f"`{line[:120]}{'…' if len(line) > 120 else ''}`"
