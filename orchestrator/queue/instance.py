"""The identity of one process tree, and whether the trees of other identities are still alive.

An instance is a locked file under `home_dir/instances`. The lock belongs to the open file description, which the
processes of a tree share by inheritance: it is free exactly when the last of them is gone, whoever killed them.
Programs that nodes start do not inherit it, since the descriptor closes on exec.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.errors import SetupError

FOLDER = "instances"
HOME_FILE = "home-id"
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{8}")


class Instance:
    """A held identity. `id` is `<home>-<tree>`: identities of another home folder are never judged from here."""

    def __init__(self, id: str, path: Path, descriptor: int) -> None:
        self.id = id
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, home: Path) -> Instance:
        """A new identity, held until `release` or until every process that inherited it has ended.

        Also removes the files of dead instances; an instance without a file is dead all the same. `SetupError` where
        the folder cannot be written.
        """
        with _writing(home / FOLDER):
            folder = _folder(home)
            _remove_dead(folder)
            id = f"{_home_id(folder)}-{secrets.token_hex(4)}"
            path = folder / f"{id}.lock"
            # Locked under another name first, so that nobody ever sees the file unlocked.
            hidden = folder / f".{id}.new"
            descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            hidden.rename(path)
            return cls(id, path, descriptor)

    def fileno(self) -> int:
        """The locked descriptor, to pass on to a process that belongs to the tree."""
        return self._descriptor

    def release(self) -> None:
        """End this identity; children that still hold it keep it alive until they end too."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            if not _held(self._path):
                self._path.unlink(missing_ok=True)


def dead(home: Path, ids: Collection[str]) -> set[str]:
    """Those of `ids` that this home folder gave out and whose tree has no process left."""
    folder = _folder(home)
    own = _home_id(folder)
    mine = {id for id in ids if ID.fullmatch(id) and id.startswith(f"{own}-")}
    return {id for id in mine if not _held(folder / f"{id}.lock")}


def home_id(home: Path) -> str:
    """What this home folder is called, in the identities that it gives out and wherever else it has to be told from
    others. `SetupError` where the folder cannot be written."""
    with _writing(home / FOLDER):
        return _home_id(_folder(home))


def _held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # A shared lock, so that two who ask at the same moment do not take each other for the owner.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _remove_dead(folder: Path) -> None:
    for path in folder.glob("*.lock"):
        if not _held(path):
            path.unlink(missing_ok=True)


def _folder(home: Path) -> Path:
    folder = home / FOLDER
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SetupError(
            f"cannot write to {folder}: {error.strerror}",
            hint="free some space, check its permissions, or set MYCELIUM_HOME_DIR to another folder",
        ) from error


def _home_id(folder: Path) -> str:
    """A random name for the home folder, written once; it travels with the folder, unlike a host name."""
    path = folder / HOME_FILE
    with suppress(FileNotFoundError):
        return path.read_text(encoding="ascii")
    draft = folder / f".{HOME_FILE}.{secrets.token_hex(4)}"
    draft.write_text(secrets.token_hex(4), encoding="ascii")
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
    return path.read_text(encoding="ascii")
