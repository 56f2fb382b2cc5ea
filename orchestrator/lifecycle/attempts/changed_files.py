"""What an agent left in its workspace: the files that differ from what it found, as events of a transcript."""

from __future__ import annotations

import json
import os
import stat
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from orchestrator.definition.model import JsonValue
from orchestrator.lifecycle.attempts.artifacts import matching
from orchestrator.lifecycle.attempts.attempt import Attempt
from orchestrator.lifecycle.ports import Workspace

Event = dict[str, JsonValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A file that a transcript cannot hold, and why."""

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Change:
    """A path with what is known of it: that the file is gone, or that there was none before."""

    path: str
    gone: bool = False
    new: bool = False


class ChangedFiles:
    """Looks at a workspace before and after an agent worked in it.

    `conflicts` are the paths of a merge that the agent shall mend: what the merge itself changed is none of its work.
    """

    def __init__(self, attempt: Attempt, workspace: Workspace, conflicts: Sequence[str]) -> None:
        self._attempt = attempt
        self._workspace = workspace
        self._conflicts = conflicts
        self._before: Mapping[str, str] = {}
        if conflicts:
            paths = {change.path for change in self._listed()} | set(conflicts)
            self._before = {path: _state(workspace.path / path) for path in paths}

    def events(self, room: Callable[[], int]) -> Iterator[Event | LeftOut]:
        """One for each file, deletions first; `room` says how many bytes the next one may have at most."""
        changes = sorted(self._changes(), key=lambda change: (not change.gone, change.path))
        yield from (self._event(change, room()) for change in changes)

    def _changes(self) -> Iterable[_Change]:
        if self._workspace.base is None:
            return [_Change(path=path, new=True) for path in _walk(self._workspace.path)]
        found = {change.path: change for change in self._listed()}
        tracked = set(self._attempt.services.git.files(self._workspace.base)) if self._attempt.node.artifacts else set()
        for path in matching(self._workspace.path, self._attempt.node.artifacts):
            # What a commit would not take may be kept as an artifact all the same.
            if path not in tracked:
                found.setdefault(path, _Change(path=path, new=True))
        return [change for change in self._including_merge(found) if self._is_work(change)]

    def _including_merge(self, found: Mapping[str, _Change]) -> list[_Change]:
        """What the merge had changed and now is as in the base again is missing in `found`."""
        unseen = self._before.keys() - found.keys()
        folder = self._workspace.path
        return [*found.values(), *(_Change(path=path, gone=not _state(folder / path)) for path in unseen)]

    def _is_work(self, change: _Change) -> bool:
        return (
            change.path not in self._before or _state(self._workspace.path / change.path) != self._before[change.path]
        )

    def _listed(self) -> Iterator[_Change]:
        for change in self._attempt.services.git.changes(self._workspace):
            new = change.status in ("added", "renamed")
            yield _Change(path=change.path, gone=change.status == "deleted", new=new)
            if change.previous_path is not None:
                yield _Change(path=change.previous_path, gone=True)

    def _event(self, change: _Change, room: int) -> Event | LeftOut:
        try:
            event = self._seen(change, room)
            json.dumps(event, ensure_ascii=False).encode()
        except (OSError, UnicodeEncodeError):
            return LeftOut(path=change.path.encode(errors="replace").decode(), reason="it cannot be read")
        except _Unfit as unfit:
            return LeftOut(path=change.path, reason=str(unfit))
        return event

    def _seen(self, change: _Change, room: int) -> Event:
        place = self._workspace.path / change.path
        # Git's name of a file need not be text; what is listed then is not what lies on the disk.
        if change.gone and not os.path.lexists(place) and "\\x" not in change.path:
            return {"type": "delete", "path": change.path}
        found = place.lstat()
        if stat.S_ISLNK(found.st_mode):
            return {"type": "link", "path": change.path, "target": str(place.readlink())}
        if stat.S_ISDIR(found.st_mode) and change.gone:
            return {"type": "delete", "path": change.path}
        if not stat.S_ISREG(found.st_mode):
            raise _Unfit("it is no ordinary file")
        if found.st_size > room:
            raise _Unfit(f"it has {found.st_size:,} bytes, and the transcript has no room for it")
        kind = "resolve" if change.path in self._conflicts else "write"
        executable = bool(found.st_mode & stat.S_IXUSR)
        mode: Event = {} if change.new and not executable else {"executable": executable}
        return {"type": kind, "path": change.path, **_content(place), **mode}


class _Unfit(Exception):
    """Why a transcript cannot hold a file."""


def _content(place: Path) -> Event:
    """The bytes as text where they are UTF-8, which gives them back exactly; else in base64."""
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read()
    try:
        return {"content": content.decode("utf-8")}
    except UnicodeDecodeError:
        return {"content_base64": b64encode(content).decode("ascii")}


def _state(place: Path) -> str:
    """What lies there, so that a later look can tell whether it changed; empty when nothing does."""
    try:
        found = place.lstat()
        if stat.S_ISLNK(found.st_mode):
            return f"link {place.readlink()}"
        if stat.S_ISREG(found.st_mode):
            return f"file {found.st_mode & stat.S_IXUSR} {sha256(place.read_bytes()).hexdigest()}"
    except OSError:
        return ""
    return ""


def _walk(folder: Path) -> Iterator[str]:
    """Every file and link below a folder that was empty, but what lies in a `.git`."""
    for at, folders, names in os.walk(folder):
        links = [name for name in folders if Path(at, name).is_symlink()]
        folders[:] = sorted(name for name in folders if name != ".git")
        yield from (
            Path(at, name).relative_to(folder).as_posix() for name in sorted([*names, *links]) if name != ".git"
        )
