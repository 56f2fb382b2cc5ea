"""Throws folders away: out of sight at once, off the disk in the background."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

_log = logging.getLogger(__name__)
# Longer than a removal takes: what lies in the trash for so long belongs to a process that died.
_ABANDONED_SECONDS = 10 * 60


class Trash:
    """The trash at `folder`, which must be on the same disk as what is thrown away. Safe to use from several threads.

    An ordinary end of the process waits until all it threw away is removed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: deque[Path] = deque()
        self._guard = threading.Lock()
        self._remover: threading.Thread | None = None

    def take(self, folders: Sequence[Path]) -> None:
        """Move these folders here, those that exist, and remove them soon. `OSError` when one cannot be moved."""
        self._folder.mkdir(exist_ok=True, mode=0o700)
        place = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            for number, folder in enumerate(folders):
                if os.path.lexists(folder):
                    _move(folder, place / str(number))
        finally:
            self._waiting.append(place)
            self._start()

    def empty(self) -> None:
        """Remove what dead processes left here."""
        places = list(self._folder.iterdir()) if self._folder.is_dir() else []
        for place in places:
            if _age(place) > _ABANDONED_SECONDS:
                remove(place)

    def _start(self) -> None:
        with self._guard:
            # After a fork the thread is the parent's alone, and not alive here.
            if self._remover is None or not self._remover.is_alive():
                self._remover = threading.Thread(target=self._remove_waiting, name="workspace-trash")
                self._remover.start()

    def _remove_waiting(self) -> None:
        while True:
            with self._guard:
                if not self._waiting:
                    self._remover = None
                    return
                place = self._waiting.popleft()
            remove(place)


def remove(path: Path) -> bool:
    """Remove a file, a link or a whole folder, read-only ones too; False, and a word in the log, where some stays."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path, onerror=_make_writable_and_retry)
    if os.path.lexists(path):
        _log.warning("%s cannot be removed completely: remove it as the user its files belong to", path)
        return False
    return True


def _move(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except PermissionError:
        # A folder must be writable to get another parent.
        if folder.is_symlink():
            raise
        _make_writable(folder)
        folder.rename(target)


def _make_writable_and_retry(function: Callable[..., object], path: str, _error: object) -> None:
    """Agents leave read-only folders behind, as Go's module cache is; a folder must be writable to lose its entries."""
    for folder in (Path(path).parent, Path(path)):
        if not folder.is_symlink() and folder.is_dir():
            _make_writable(folder)
    try:
        if function in (os.unlink, os.rmdir):
            function(path)
        else:
            shutil.rmtree(path, ignore_errors=True)
    except OSError as error:
        _log.debug("%s stays for now: %s", path, error)


def _make_writable(folder: Path) -> None:
    try:
        folder.chmod(stat.S_IRWXU)
    except OSError as error:
        _log.debug("%s stays as it is: %s", folder, error)


def _age(place: Path) -> float:
    try:
        return time.time() - place.stat().st_mtime
    except OSError:
        return 0
