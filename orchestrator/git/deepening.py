"""History that a shallow checkout leaves out, as far as nodes ask for it: fetched into the mirror, step by step.

A commit and what it is compared with, down to where they part, and no more: other branches stay where they are. The
checkout stays as it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from orchestrator.errors import Unavailable
from orchestrator.git.command import Command, GitFailed
from orchestrator.git.mirror import Mirror
from orchestrator.git.objects import contents
from orchestrator.git.origin import FETCHED, OPTIONS, Origin, is_shallow

STEPS: Final = (50, 200, 1000)
"""How far back each fetch goes, until two have met: commits from either of them."""

RECENT: Final = 1000
"""How far back it goes where there is nothing to compare with."""

LONGEST_SECONDS: Final = 120.0
_EVERYTHING: Final = 2_147_483_647
"""To git, a depth without end: https://git-scm.com/docs/shallow"""


def deepen(origin: Origin, commit: str, other: str | None, *, monotonic: Callable[[], float] = time.monotonic) -> None:
    """Have both commits in the mirror, and in a shallow checkout the history of both down to where they part.

    Without `other` it is the recent history of `commit`, and the tags on it. `Unavailable` where it cannot be had, or
    not in two minutes; what came so far stays.
    """
    mirror = origin.mirror
    if not is_shallow(mirror, origin.checkout):
        if other and not mirror.has(other) and not origin.fetch(other):
            raise Unavailable(f"the commit {other[:12]} is neither here nor at `origin`")
        return
    ends = monotonic() + LONGEST_SECONDS
    with mirror.writing():
        if _is_enough(mirror, commit, other):
            return

        def ask(git: Command, place: str) -> None:
            fetching = _Fetching(mirror, git, place, lambda: ends - monotonic())
            fetching.meet(commit, other) if other else fetching.recent(commit)

        if not origin.asked(ask):
            raise Unavailable("there is no `origin`")
        mirror.keep(sorted({commit, other or commit}))


class _Fetching:
    """From one address, while this process alone writes to the mirror."""

    def __init__(self, mirror: Mirror, git: Command, place: str, left: Callable[[], float]) -> None:
        self._mirror = mirror
        self._git = git
        self._place = place
        self._left = left

    def meet(self, commit: str, other: str) -> None:
        for depth in STEPS:
            self._fetch(depth, commit, other)
            if _have_met(self._mirror, commit, other):
                return
        if not _base(self._mirror, commit, other):
            self._fetch(_EVERYTHING, commit, other)

    def recent(self, commit: str) -> None:
        # Tags come along with what is fetched into a ref.
        self._fetch(RECENT, f"+{commit}:{FETCHED}/recent", tags=True)

    def _fetch(self, depth: int, *wanted: str, tags: bool = False) -> None:
        mirror, seconds = self._mirror, self._left()
        if seconds <= 0:
            raise _too_long()
        mirror.unlock()
        before = mirror.ends()
        # What is cut off leaves nothing behind: a pack is there when all of it is.
        git = replace(self._git.having(settings={"fetch.unpackLimit": "1"}), timeout_seconds=seconds)
        options = OPTIONS if tags else (*OPTIONS, "--no-tags")
        try:
            git.run("fetch", *options, f"--depth={depth}", "--", self._place, *wanted)
        except GitFailed as error:
            if self._left() <= 0:
                raise _too_long() from error
            raise
        finally:
            mirror.unlock()
            mirror.end_at(_ends(mirror, before), before)


def _ends(mirror: Mirror, before: Collection[str]) -> set[str]:
    """Where history ends after a fetch: git also counts what lies at its depth, though what comes before may be here.

    All that is here of a commit's history goes down to where it ended before, or ends now.
    """
    now = {*mirror.ends()}
    parents = _parents(mirror, now.difference(before))
    here = mirror.among([parent for named in parents.values() for parent in named])
    return now.difference(commit for commit, named in parents.items() if here.issuperset(named))


def _parents(mirror: Mirror, commits: Collection[str]) -> dict[str, list[str]]:
    """What commits themselves say they build on, whether or not it is here."""
    found = dict[str, list[str]]()
    for commit, content in zip(commits, contents(mirror.git, commits), strict=True):
        head = content.partition(b"\n\n")[0].decode("ascii", "replace")
        found[commit] = [line[7:] for line in head.splitlines() if line.startswith("parent ")]
    return found


def _too_long() -> Unavailable:
    return Unavailable(f"it took longer than {LONGEST_SECONDS:g} s")


def _is_enough(mirror: Mirror, commit: str, other: str | None) -> bool:
    if other:
        return mirror.has(other) and _have_met(mirror, commit, other)
    listed = mirror.git.run("rev-list", f"--max-count={RECENT}", "--parents", commit).line.splitlines()
    return len(listed) == RECENT or not {line for line in listed if " " not in line}.intersection(mirror.ends())


def _have_met(mirror: Mirror, commit: str, other: str) -> bool:
    """Whether what they have in common is here, and nothing is left out before it."""
    if not _base(mirror, commit, other):
        return False
    roots = mirror.git.run("rev-list", "--max-parents=0", f"{commit}...{other}").line.split()
    return not {*roots}.intersection(mirror.ends())


def _base(mirror: Mirror, commit: str, other: str) -> str:
    return mirror.git.run("merge-base", commit, other, codes=(0, 1, 128)).line
