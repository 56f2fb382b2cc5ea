"""The folders an attempt has to itself for as long as it lasts."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from orchestrator.errors import SetupError

_PRIVATE = stat.S_IFDIR | 0o700


_EMPTY_FILE = (stat.S_IFREG | 0o600, 1, 0)
"""Kind and mode, links, size."""


@dataclass(slots=True)
class _Folder:
    path: Path
    inode: int
    may_hold: Collection[str]
    used: bool = True


class Folders:
    """Empty folders by name, for one attempt after the other; a context manager that removes them at its end.

    Making and removing folders is among the dearest that a file system does while others write, so what an attempt left
    empty again serves the next one. So do files that every attempt gets and few write to. They lie in `TMPDIR`, for no
    other user's eyes.
    """

    def __init__(self) -> None:
        self._root: Path | None = None
        self._folders: dict[str, _Folder] = {}

    def __enter__(self) -> Folders:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)
        self._root = None
        self._folders.clear()

    def empty(self, name: str, *, may_hold: Collection[str] = ()) -> Path:
        """The folder called `name`, which is empty; `SetupError` where none can be made.

        Files called as in `may_hold`, the same for a folder each time, may be there: empty, and for us alone.
        """
        folder = self._folders.get(name)
        if folder is None:
            try:
                folder = self._folders[name] = self._made(name, may_hold)
            except OSError as error:
                hint = "make room, check permissions, or set TMPDIR to another folder"
                message = f"no folder for temporary files can be made: {error.strerror}"
                raise SetupError(message, hint=hint) from error
        folder.used = True
        return folder.path

    def clear(self) -> None:
        """The attempt is over: empty what it used, and give up what it changed beyond that."""
        for name, folder in list(self._folders.items()):
            if folder.used and not _emptied(folder):
                del self._folders[name]
                shutil.rmtree(folder.path, ignore_errors=True)
            folder.used = False

    def _made(self, name: str, may_hold: Collection[str]) -> _Folder:
        if self._root is None:
            self._root = Path(tempfile.mkdtemp(prefix="mycelium-"))
        path = self._root / name
        if os.path.lexists(path):
            path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._root))
        else:
            path.mkdir(mode=0o700)
        return _Folder(path=path, inode=path.lstat().st_ino, may_hold=may_hold)


def _emptied(folder: _Folder) -> bool:
    """Whether the folder is as it was made; most attempts leave nothing, or some files."""
    try:
        with os.scandir(folder.path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                elif entry.name not in folder.may_hold or not _untouched(entry):
                    Path(entry).unlink()
        now = folder.path.lstat()
    except OSError:
        return False
    return (now.st_mode, now.st_ino) == (_PRIVATE, folder.inode)


def _untouched(file: os.DirEntry[str]) -> bool:
    """Whether an empty file of ours would look the same if it were made anew."""
    found = file.stat(follow_symlinks=False)
    return (found.st_mode, found.st_nlink, found.st_size, found.st_uid) == (*_EMPTY_FILE, os.geteuid())
