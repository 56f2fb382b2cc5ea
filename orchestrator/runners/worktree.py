"""Changes files of a workspace on behalf of a transcript, and of nothing outside it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath, PurePosixPath


class WorktreeError(Exception):
    """A change that does not fit; the message names the file."""


class Worktree:
    """The files below `root`. A path that leaves it, by `..`, as an absolute path or through a link, is refused."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace `old` by `new`; it must stand in the file exactly once."""
        file = self._inside(path)
        with _told(f"`{path}` cannot be read"):
            descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as opened:
                content = opened.read().decode("utf-8")
        found = content.count(old) if old else 0
        if found != 1:
            raise WorktreeError(f"`{path}` holds this text {found} times instead of once: {_short(old)}")
        self.write(path, content.replace(old, new).encode())

    def write(self, path: str, content: bytes, *, executable: bool | None = None) -> None:
        """Give the file this content; folders are made as needed, and a link that lies there is replaced.

        A new file is not executable unless `executable` says so; one that is there stays as it is where it is None.
        """
        with self._written(path) as file:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(file, flags, 0o644), "wb") as out:
                out.write(content)
                if executable is not None:
                    os.fchmod(out.fileno(), _mode(os.fstat(out.fileno()).st_mode, executable=executable))

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link in place of a file or link; where it leads to is not looked at."""
        with self._written(path) as file:
            file.unlink(missing_ok=True)
            file.symlink_to(target)

    def delete(self, path: str) -> None:
        """Remove the file or link, which must be there."""
        with _told(f"`{path}` cannot be deleted"):
            self._inside(path).unlink()

    @contextmanager
    def _written(self, path: str) -> Iterator[Path]:
        """The place, with the folders on the way, and without a link or an empty folder in the way."""
        file = self._inside(path)
        with _told(f"`{path}` cannot be written"):
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.is_symlink():
                file.unlink()
            elif file.is_dir():
                _remove_empty(file)
            yield file

    def _inside(self, path: str) -> Path:
        pure = PurePosixPath(path)
        if not pure.parts or pure.is_absolute() or ".." in pure.parts or _is_of_git(pure) or "\0" in path:
            raise WorktreeError(f"`{path}` is not a path inside the workspace")
        file = self._root.joinpath(*pure.parts)
        try:
            folder = _resolved(file.parent)
        except (OSError, RuntimeError) as error:
            raise WorktreeError(f"`{path}` leads in circles through a link") from error
        if not folder.is_relative_to(self._root) or _is_of_git(folder.relative_to(self._root)):
            raise WorktreeError(f"`{path}` leads out of the workspace through a link")
        return file


def _resolved(folder: Path) -> Path:
    """Where it is or will be, links followed. `OSError` or `RuntimeError` where they lead in circles."""
    try:
        folder.stat()
    except OSError as error:
        # From Python 3.13 on, `resolve` passes over circles.
        if error.errno == errno.ELOOP:
            raise
    return folder.resolve()


def _is_of_git(path: PurePath) -> bool:
    return any(part.casefold() == ".git" for part in path.parts)


def _remove_empty(folder: Path) -> None:
    """Folders that hold nothing but folders, as deletions leave them behind. `OSError` where a file is in one."""
    for at, _, _ in os.walk(folder, topdown=False):
        Path(at).rmdir()


def _mode(mode: int, *, executable: bool) -> int:
    """Whoever may read the file may execute it then."""
    permissions = stat.S_IMODE(mode)
    return permissions | (permissions & 0o444) >> 2 if executable else permissions & ~0o111


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise WorktreeError(f"{what}: {error}") from error


def _short(text: str) -> str:
    line = " ⏎ ".join(text.splitlines())
    return f"`{line[:120]}{'…' if len(line) > 120 else ''}`"
