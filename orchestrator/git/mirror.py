"""The mirror: a bare repository in the user's cache folder that borrows the checkout's objects and keeps our own.

What Mycelium commits lies in the mirror's own object store, under refs of its own, so that no `git gc` in the user's
repository can prune it; what the user committed is read from where it is, never copied.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from orchestrator.errors import BadInput, NotFound, SetupError
from orchestrator.git import gitdir
from orchestrator.git.command import Command
from orchestrator.git.discovery import Checkout
from orchestrator.git.locking import locked

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_KEEP = "refs/mycelium/commits"
_DEEPENED = "deepened"
_MANY_REFS = 500
_MANY_SEEN = 10_000
_STALE_SECONDS = 24 * 60 * 60


class Mirror:
    """The mirror of one repository in `folder`. Safe to use from several threads and processes at once."""

    def __init__(self, git: Command, folder: Path, *, object_format: str = "sha1") -> None:
        self.path = folder / "mirror.git"
        self.object_format = object_format
        self.git = git.at(folder, git_dir=self.path)
        self._folder = folder
        self._lock = folder / "mirror.lock"
        self._seen: set[str] = set()
        self._made = (0, 0)

    def ensure(self, source: Checkout | None) -> None:
        """Make the mirror, or mend what is missing or broken in it; commits that it keeps stay."""
        with self.writing():
            alternates = _object_stores(source.common_dir / "objects") if source else ()
            try:
                gitdir.write_bare(self.path, object_format=self.object_format, alternates=alternates)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                self._put_aside()
                gitdir.write_bare(self.path, object_format=self.object_format, alternates=alternates)
            if source:
                self._follow(source)

    def rebuild(self, source: Checkout) -> None:
        """Put a mirror that git cannot read aside, as `mirror.git.broken`, and begin a new one."""
        with self.writing():
            self._put_aside()
        self.ensure(source)

    def object_stores(self) -> tuple[Path, ...]:
        """The folders with the objects of every commit here: its own, and those it borrows from."""
        own = self.path / "objects"
        borrowed = os.fsdecode((own / "info/alternates").read_bytes()).splitlines()
        return (own, *map(Path, borrowed))

    def commit(self, name: str) -> str:
        """A full commit id that exists here; `BadInput` when it is none, `NotFound` when it is not here."""
        if not self.has(name):
            raise NotFound(f"commit {name[:12]} is not in the mirror of this repository at {self.path}")
        return name

    def has(self, name: str) -> bool:
        """Whether the commit with this full id is here; `BadInput` for anything but a full id."""
        return bool(self.among([name]))

    def among(self, names: Sequence[str]) -> set[str]:
        """Those of these commits that are here; `BadInput` for anything but full ids."""
        for name in names:
            if not _SHA.fullmatch(name):
                raise BadInput(f"{name!r} is not a full commit id")
        seen = self._commits_seen()
        if unknown := [name for name in dict.fromkeys(names) if name not in seen]:
            asked = "".join(f"{name}^{{commit}}\n" for name in unknown)
            said = self.git.run("cat-file", "--batch-check=%(objecttype)", stdin=asked.encode(), codes=(0, 128)).line
            answers = zip(unknown, said.splitlines(), strict=False)
            seen.update(name for name, answer in answers if answer == "commit")
        return seen.intersection(names)

    def forget(self) -> None:
        """Look again for each commit, as one that was here has vanished."""
        self._seen = set()

    def keep(self, commits: Sequence[str]) -> None:
        """Keep these commits reachable; they have to be here."""
        for commit in commits:
            # A file as `git update-ref` writes it. The name says what it holds, so there is nothing to lock.
            place = self.path / kept_ref(commit)
            place.parent.mkdir(parents=True, exist_ok=True)
            gitdir.put(place, f"{commit}\n")

    def _commits_seen(self) -> set[str]:
        """Those that this process has found in this mirror; one that was made anew is another mirror."""
        made = self._identity()
        if made != self._made or len(self._seen) > _MANY_SEEN:
            self._made, self._seen = made, set()
        return self._seen

    def tidy(self) -> None:
        """Pack refs once there are many, and remove what interrupted calls left behind."""
        with self.writing():
            for left in (*self._folder.glob("snapshot-*"), *self._folder.glob("bundle-*")):
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    shutil.rmtree(left, ignore_errors=True)
            if len(list((self.path / _KEEP).glob("*"))) > _MANY_REFS:
                self.git.run("pack-refs", "--all", "--prune")

    def _identity(self) -> tuple[int, int]:
        """What tells this mirror from one made anew in its place: `HEAD` is written once."""
        try:
            found = (self.path / "HEAD").stat()
        except OSError:
            return 0, 0
        return found.st_ino, found.st_mtime_ns

    def _put_aside(self) -> None:
        aside = self.path.with_name("mirror.git.broken")
        if aside.is_dir():
            shutil.rmtree(aside)
        aside.unlink(missing_ok=True)
        self.path.rename(aside)

    def _follow(self, source: Checkout) -> None:
        exclude = source.common_dir / "info/exclude"
        if exclude.exists():
            gitdir.put(self.path / "info/exclude", os.fsdecode(exclude.read_bytes()))
        else:
            (self.path / "info/exclude").unlink(missing_ok=True)
        self._follow_shallow(source.common_dir / "shallow")

    def _follow_shallow(self, theirs: Path) -> None:
        """Commits whose history is left out there, unless we fetched it, and those that we fetched without theirs."""
        left_out = {*_listed(theirs)}.difference(_listed(self.path / _DEEPENED))
        self.end_at(left_out.union(self.ends()) if theirs.exists() else (), before=())

    def ends(self) -> list[str]:
        """The commits whose history is left out here."""
        return _listed(self.path / "shallow")

    def end_at(self, commits: Collection[str], before: Collection[str]) -> None:
        """Have history end at these commits. `before` are those where it ended before something was fetched.

        Which of them have theirs now is remembered: the checkout goes on to say otherwise.
        """
        if passed := {*before}.difference(commits):
            place = self.path / _DEEPENED
            gitdir.put(place, _lines(passed.union(_listed(place))))
        if commits:
            gitdir.put(self.path / "shallow", _lines(commits))
        else:
            (self.path / "shallow").unlink(missing_ok=True)

    def unlock(self) -> None:
        """Remove the lock that a fetch of a process which was killed has left; for who is alone here."""
        (self.path / "shallow.lock").unlink(missing_ok=True)

    def is_shallow(self) -> bool:
        """Whether the history before some commits is left out here, as it is in the checkout."""
        return (self.path / "shallow").is_file()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Alone among all processes; `SetupError` where the folder cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with locked(self._lock):
                yield
        except OSError as error:
            raise SetupError(
                f"the cache folder {self._folder} cannot be written: {error.strerror}",
                hint="free some space there, or set MYCELIUM_CACHE_DIR to another folder",
            ) from error


def kept_ref(commit: str) -> str:
    """The ref that keeps `commit` reachable in the mirror."""
    return f"{_KEEP}/{commit}"


def is_kept_ref(ref: str, commit: str) -> bool:
    return ref == kept_ref(commit) and _SHA.fullmatch(commit) is not None


def _listed(place: Path) -> list[str]:
    return os.fsdecode(place.read_bytes()).split() if place.is_file() else []


def _lines(commits: Iterable[str]) -> str:
    return "".join(f"{commit}\n" for commit in sorted(commits))


def _object_stores(objects: Path) -> tuple[Path, ...]:
    """`objects` and everything it borrows from: git follows relative paths in the first store only."""
    found = [objects]
    for store in found:
        listing = store / "info/alternates"
        lines = os.fsdecode(listing.read_bytes()).splitlines() if listing.is_file() else []
        paths = [Path(os.path.normpath(store / line)) for line in lines if line and not line.startswith("#")]
        found += [path for path in paths if path not in found]
    if any("\n" in str(path) for path in found):
        raise BadInput(f"the path of the repository holds a line break: {str(objects)!r}", hint="rename the folder")
    return tuple(found)
