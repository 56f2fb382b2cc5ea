"""The `RecordBranch` port on git: a branch of the remote, read and written without a checkout.

Everything happens in a bare repository of its own, in the temporary folder, that nothing else looks at. Of the branch
only the newest commit and its trees are brought there, and contents when they are read, where the remote can do that
(https://git-scm.com/docs/partial-clone); others send more, and all works the same. A commit is made by `fast-import`
on the commit that the remote has, and pushed on condition that the remote still has it: of many who push at once one
succeeds, and the others make theirs anew.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from orchestrator.errors import Conflict, Unavailable
from orchestrator.git.authorized import authorized
from orchestrator.git.command import Command, Result, find_git
from orchestrator.git.mirror import Mirror
from orchestrator.git.origin import as_the_user
from orchestrator.git.push import Move, arguments, check_name, reaching, translated
from orchestrator.git.record_commit import commit_stream
from orchestrator.git.record_tip import FetchedTip
from orchestrator.lifecycle.ports.github import Forbidden, Remote
from orchestrator.lifecycle.ports.record_branch import Change, Tip

PATIENCE_SECONDS: Final = 180.0
"""How long a write is tried again: twenty jobs at once need less than a minute."""

_LONGEST_PAUSE: Final = 6.0
_AWAY_TRIES: Final = 3

_TIP: Final = "refs/mycelium/tip"
_MISSING: Final = ("couldn't find remote ref", "Remote branch")
_UNKNOWN_CALLER: Final = ("error: 401", "error: 403", "Authentication failed", "could not read Username", "not found")
_SMALL: Final = ("--depth=1", "--filter=blob:none", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
_CONTENTS: Final = (
    *("--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--recurse-submodules=no"),
    *("--filter=blob:none", "--stdin"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long and how a write waits for others: `monotonic` and `sleep` in seconds, `jitter` draws from [0, 1).

    `now` is when commits are made, in seconds since 1970.
    """

    seconds: float = PATIENCE_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    jitter: Callable[[], float] = random.random
    now: Callable[[], float] = time.time


class GitRecordBranch:
    """The branch `name` of what `remote` tells, which is asked each time because tokens do not live long.

    A remote with a token is reached with it, another one as the user's own git does. Not safe for threads.
    """

    def __init__(
        self, name: str, remote: Callable[[], Remote], environ: Mapping[str, str], *, patience: Patience | None = None
    ) -> None:
        self._name = name
        self._remote = remote
        self._environ = environ
        self._patience = patience or Patience()
        self._remove: weakref.finalize[..., GitRecordBranch] | None = None

    def tip(self) -> FetchedTip:
        """As `RecordBranch.tip`."""
        for attempt in range(_AWAY_TRIES):
            try:
                return self._fetched()
            except Unavailable as error:
                if isinstance(error, Forbidden):
                    raise
                self._patience.sleep(2**attempt * self._patience.jitter())
        return self._fetched()

    def write(self, decide: Callable[[Tip], Change | None]) -> str | None:
        """As `RecordBranch.write`."""
        patience, lost, away = self._patience, 0, 0
        ends = patience.monotonic() + patience.seconds
        while True:
            began = patience.monotonic()
            tip = self.tip()
            change = decide(tip)
            if change is None:
                return None
            commit = self._made(tip, change)
            try:
                self._push(Move(branch=self._name, commit=commit, expected=tip.commit, rewrite=change.alone))
            except (Conflict, Unavailable) as error:
                # A push that nobody answered may have worked: whoever decides will see it.
                out_of_reach = isinstance(error, Unavailable)
                away += out_of_reach
                now = patience.monotonic()
                if isinstance(error, Forbidden) or away > _AWAY_TRIES or (out_of_reach and now > ends):
                    raise
                if now > ends:
                    why = f"the branch {self._name} was changed by others all the time for {patience.seconds:g} s"
                    raise Unavailable(why, hint="try again later") from error
                # As long as a try takes, and twice as long each time. By chance any part of it: those who lost at the
                # same moment must not come back at the same moment.
                patience.sleep(min((now - began) * 2**lost, _LONGEST_PAUSE) * patience.jitter())
                lost += 1
            else:
                return commit

    def close(self) -> None:
        """As `RecordBranch.close`."""
        self.__dict__.pop("_here", None)
        if self._remove:
            self._remove()
            self._remove = None

    @cached_property
    def _here(self) -> Mirror:
        folder = Path(tempfile.mkdtemp(prefix="mycelium-history-"))
        self._remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        mirror = Mirror(find_git(self._environ), folder)
        mirror.ensure(None)
        check_name(mirror, self._name)
        return mirror

    def _fetched(self) -> FetchedTip:
        told = self._reached("fetch", *_SMALL, "--", "history", f"+refs/heads/{self._name}:{_TIP}")
        if not told.code:
            return FetchedTip(self._here, (self._here.path / _TIP).read_text().strip(), self._bring)
        if any(words in told.reason for words in _MISSING):
            return FetchedTip(self._here, None, self._bring)
        raise self._refusal(told)

    def _bring(self, blobs: Collection[str]) -> None:
        wanted = "".join(f"{blob}\n" for blob in sorted(blobs)).encode()
        told = self._reached("-c", "fetch.negotiationAlgorithm=noop", "fetch", *_CONTENTS, "history", stdin=wanted)
        if told.code:
            raise self._refusal(told)

    def _refusal(self, told: Result) -> Exception:
        url = self._remote().url
        if any(words in told.reason for words in _UNKNOWN_CALLER):
            return Forbidden(f"{url} does not let us read: {told.reason}", needs="contents: read")
        return Unavailable(f"the branch {self._name} cannot be read from {url}: {told.reason}")

    def _made(self, tip: FetchedTip, change: Change) -> str:
        stream = b"".join(commit_stream(tip, change, int(self._patience.now())))
        said = self._here.git.run("fast-import", "--quiet", "--done", "--force", stdin=stream).line
        return said.strip()

    def _push(self, move: Move) -> None:
        remote = self._remote()
        with self._reaching(remote) as git:
            told = git.run(*arguments(remote.url, move), codes=(0, 1, 128))
        if told.code:
            raise translated(told, remote, move)

    def _reached(self, *words: str, stdin: bytes = b"") -> Result:
        remote = self._remote()
        known = {
            "remote.history.url": remote.url,
            # Given with the command and not written down: then nothing but this fetches what is missing.
            "remote.history.promisor": "true",
            "remote.history.partialCloneFilter": "blob:none",
        }
        with self._reaching(remote) as git:
            return git.having(settings=known).run(*words, stdin=stdin, codes=(0, 1, 128))

    @contextmanager
    def _reaching(self, remote: Remote) -> Iterator[Command]:
        if remote.token:
            with authorized(reaching(self._here, self._environ, remote), remote) as git:
                yield git
        else:
            yield as_the_user(self._here.git, self._environ)
