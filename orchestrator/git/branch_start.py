"""Where a branch of files begins: at origin's default branch, so that a pull request brings these files alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from orchestrator.git.brought import fork_of
from orchestrator.git.command import Command
from orchestrator.git.discovery import Checkout

_DEFAULT: Final = "refs/remotes/origin/HEAD"
_PARTIAL: Final = r"^(extensions\.partialclone|remote\..*\.promisor)$"
_NAMED: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """`commit` is None in an empty repository. `head` is what is checked out, `default` origin's branch by its name.

    `because` are paths that are as they are only in what is checked out, so that the branch begins there. `ahead` is
    how many commits are checked out that origin's default branch lacks (or all of origin, where that is not known), and
    `newest` names some of them with their subjects.
    """

    commit: str | None
    head: str | None
    default: str = ""
    because: tuple[str, ...] = ()
    ahead: int = 0
    newest: tuple[str, ...] = ()

    @property
    def is_head(self) -> bool:
        return self.commit == self.head


def commit_at(git: Command, ref: str) -> str | None:
    """The commit that `ref` names; None where there is none."""
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    found = git.run(*words, codes=(0, 1, 128))
    return found.line if found.code == 0 else None


def start(checkout: Checkout, matters: Callable[[str], bool]) -> Start:
    """Begin at the default branch, as far as origin's is known, unless what is checked out changes paths that `matters`
    since they parted: then there. So also where that cannot be told: in a shallow clone that lacks where they parted,
    and in a partial one, which has the files of what is checked out and perhaps no others."""
    git = checkout.git
    head, default = commit_at(git, "HEAD"), commit_at(git, _DEFAULT)
    if head is None or default is None:
        ahead, newest = _ahead(git, "HEAD", "--not", "--remotes=origin") if head and _knows_origin(git) else (0, ())
        return Start(
            commit=head or default, head=head, default=_name(git) if default else "", ahead=ahead, newest=newest
        )
    fork = None if _is_partial(git) else fork_of(git, default, head)
    because = tuple(path for path in _changed(git, fork, head) if matters(path)) if fork else ()
    ahead, newest = _ahead(git, f"{default}..{head}")
    return Start(
        commit=head if because or not fork else default,
        head=head,
        default=_name(git),
        because=because,
        ahead=ahead,
        newest=newest,
    )


def _knows_origin(git: Command) -> bool:
    return bool(git.run("for-each-ref", "--count=1", "refs/remotes/origin").output)


def _is_partial(git: Command) -> bool:
    return bool(git.run("config", "--get-regexp", _PARTIAL, codes=(0, 1)).output)


def _changed(git: Command, before: str, after: str) -> Iterator[str]:
    return git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", before, after).fields()


def _name(git: Command) -> str:
    return git.run("symbolic-ref", "--quiet", "--short", _DEFAULT, codes=(0, 1)).line or "origin/HEAD"


def _ahead(git: Command, *which: str) -> tuple[int, tuple[str, ...]]:
    words = ("log", f"--max-count={_NAMED}", "--no-show-signature", "--format=%h %s", *which)
    newest = tuple(line for line in git.run(*words).line.split("\n") if line)
    return int(git.run("rev-list", "--count", *which).line), newest
