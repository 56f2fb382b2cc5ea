"""Pushing one commit to one branch of a remote, if that branch is still where it was expected.

Nothing of the user's git config is read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from orchestrator.errors import BadInput, Conflict, MyceliumError, Unavailable
from orchestrator.git.authorized import authorized
from orchestrator.git.command import Command, Result
from orchestrator.git.mirror import Mirror
from orchestrator.git.origin import REACHING
from orchestrator.lifecycle.ports.github import Forbidden, Remote

_PROTOCOLS: Final = ("file", "http", "https")
_MOVED: Final = (
    "stale info",
    "fetch first",
    "non-fast-forward",
    "cannot lock ref",
    "already exists",
    "failed to update",
)
_AWAY: Final = ("internal", "failure", "timed out", "unpacker error")
_UNKNOWN_CALLER: Final = ("error: 401", "error: 403", "Authentication failed", "could not read Username")
_CONTENTS: Final = "contents: write"


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A branch that is to point at `commit`, and points at `expected` now (None: it is not there).

    Without `rewrite`, `commit` has to come after `expected`.
    """

    branch: str
    commit: str
    expected: str | None
    rewrite: bool = False


def push(mirror: Mirror, environ: Mapping[str, str], remote: Remote, move: Move) -> None:
    """Move a branch of the remote; one that is at the commit already is left alone.

    `Conflict` where the branch is elsewhere, `Forbidden` where the remote does not allow it, else `Unavailable`.
    """
    check_name(mirror, move.branch)
    commit, git = mirror.commit(move.commit), reaching(mirror, environ, remote)
    if move.expected and not move.rewrite and not _follows(mirror, move.expected, commit):
        raise Conflict(f"{commit[:12]} does not come after {move.expected[:12]}, where {move.branch} is")
    with authorized(git, remote) as allowed:
        told = allowed.run(*arguments(remote.url, replace(move, commit=commit)), codes=(0, 1, 128))
    if told.code:
        raise translated(told, remote, move)


def arguments(url: str, move: Move) -> tuple[str, ...]:
    """The git command that moves the branch, or fails where it is not where it was expected."""
    ref = f"refs/heads/{move.branch}"
    options = ("--porcelain", "--no-verify", "--no-signed", "--recurse-submodules=no")
    return ("push", *options, f"--force-with-lease={ref}:{move.expected or ''}", "--", url, f"{move.commit}:{ref}")


def check_name(mirror: Mirror, branch: str) -> None:
    """`BadInput` for what git does not allow as the name of a branch."""
    if mirror.git.run("check-ref-format", f"refs/heads/{branch}", codes=(0, 1, 128, 129)).code:
        raise BadInput(f"{branch!r} is not a name git allows for a branch", hint="see git check-ref-format --help")


def _follows(mirror: Mirror, expected: str, commit: str) -> bool:
    return mirror.git.run("merge-base", "--is-ancestor", expected, commit, codes=(0, 1, 128)).code == 0


def reaching(mirror: Mirror, environ: Mapping[str, str], remote: Remote) -> Command:
    """Git that may reach the remote, and reads nothing of the user's config."""
    if urlsplit(remote.url).scheme not in _PROTOCOLS:
        raise BadInput(f"nothing is pushed to {remote.url}", hint=f"its address begins with {', '.join(_PROTOCOLS)}")
    given = {name: environ[name] for name in REACHING if name in environ}
    allowed = {f"protocol.{name}.allow": "always" for name in _PROTOCOLS}
    return mirror.git.having(given, settings={**allowed, "http.followRedirects": "false"})


def translated(told: Result, remote: Remote, move: Move) -> MyceliumError:
    """What a push that failed means."""
    said, branch = _said(told), move.branch
    if any(words in said for words in _MOVED):
        where = f"is not at {move.expected[:12]} any more" if move.expected else "exists already"
        return Conflict(f"the branch {branch} {where}: {said}")
    if any(words in said for words in _UNKNOWN_CALLER):
        return Forbidden(f"{remote.url} does not let us push: {said}", needs=_CONTENTS)
    if "shallow update" in said:
        needs = "the whole history: `fetch-depth: 0` of actions/checkout"
        return Forbidden(f"{branch} cannot be pushed from a shallow clone", needs=needs)
    if "[remote rejected]" in said and not any(words in said.lower() for words in _AWAY):
        return Forbidden(f"{remote.url} refuses a push to {branch}: {said}", needs=said.partition("(")[2].rstrip(")"))
    return Unavailable(f"{branch} cannot be pushed to {remote.url}: {said}")


def _said(told: Result) -> str:
    """What became of the ref, in the remote's words, or else why git did not get that far."""
    for line in os.fsdecode(told.output).splitlines():
        if line.startswith("!"):
            return line.rpartition("\t")[2]
    return told.reason or f"git ended with {told.code}"
