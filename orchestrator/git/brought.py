"""Whether what a branch brought is in another history, however it got there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from orchestrator.git.command import Command

_RAW: Final = ("--raw", "-z", "-r", "--no-renames", "--no-abbrev")
_MANY: Final = 500
"""More paths than that are not named to git one by one."""


def is_merged(git: Command, branch: str, into: str) -> bool:
    """Whether `into` has the commits of `branch`, or has, or had once, each file as the branch leaves it.

    The latter is what GitHub's "Squash and merge" and "Rebase and merge" make: other commits with the same contents.
    """
    if git.run("merge-base", "--is-ancestor", branch, into, codes=(0, 1)).code == 0:
        return True
    fork = fork_of(git, branch, into)
    if fork is None:
        return False
    brought = set(_contents(git, "diff-tree", *_RAW, fork, branch))
    paths = sorted({path for path, _ in brought}) if len(brought) <= _MANY else []
    options = ("--full-history", "--diff-merges=separate", "--no-show-signature", "--format=", *_RAW)
    return brought <= set(_contents(git, "log", *options, f"{fork}..{into}", "--", *paths))


def fork_of(git: Command, one: str, other: str) -> str | None:
    """The commit where two histories part; None where they share none, or a shallow clone lacks it."""
    return git.run("merge-base", one, other, codes=(0, 1)).line.strip() or None


def _contents(git: Command, *words: str) -> Iterator[tuple[str, str]]:
    """Each path with what it was changed to: the id of a blob, zeros where it was removed."""
    for before, path in pairwise(git.run(*words).fields()):
        said = before.split()
        # Between commits there may be an empty field or the end of a line.
        if before.lstrip().startswith(":") and len(said) == 5:
            yield path, said[3]
