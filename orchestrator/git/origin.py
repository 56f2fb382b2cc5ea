"""The repository's `origin`: what clones elsewhere can be expected to have, and fetching from it into the mirror.

A fetch never touches the user's repository. Of the repository's config it takes the address alone; how to get there
(keys, credential helpers, proxies) is what the user's own git config says. Where that leads nowhere, the repository on
GitHub is asked with our own token.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from orchestrator.errors import Unavailable
from orchestrator.git.authorized import authorized
from orchestrator.git.command import Command, GitFailed
from orchestrator.git.discovery import Checkout
from orchestrator.git.mirror import Mirror

if TYPE_CHECKING:
    # Every worker knows how to fetch, and few of them speak to GitHub.
    from orchestrator.lifecycle.ports.github import Remote

_TRACKED = "refs/remotes/origin"
_FETCHED = "refs/mycelium/origin"
_NOT_THERE = ("not our ref", "unadvertised object", "remote error: upload-pack", "couldn't find remote ref")
_PROTOCOLS = ("file", "git", "http", "https", "ssh")
REACHING = (
    *("HOME", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"),
    *("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
)
"""What of our environment a command that reaches a network gets; none of it names a program."""


def published(checkout: Checkout) -> list[str]:
    """The commits that `origin` had when the checkout last heard of it; none where there is no such remote."""
    if not address(checkout):
        return []
    listed = checkout.git.run("for-each-ref", "--format=%(objectname)", _TRACKED).line
    return sorted(set(listed.split()))


def fetch(
    mirror: Mirror,
    checkout: Checkout,
    environ: Mapping[str, str],
    commit: str,
    *,
    github: Callable[[], Remote | None] = lambda: None,
) -> bool:
    """Fetch the branches and tags of `origin` into the mirror, and `commit` if need be; whether it is there now.

    Of a shallow checkout, as those of continuous integration are, only `commit` is fetched, and none before it: others
    would bring along the history that was left out. `github` is asked only where `origin` cannot be read.
    """
    place = address(checkout)
    if not place:
        return False
    git = as_the_user(mirror.git.at(checkout.root, git_dir=mirror.path), environ)
    try:
        _fetch(mirror, git, place, commit)
    except GitFailed as error:
        remote = github()
        if remote is None:
            hint = "see what `git fetch origin` says in the clone on this machine"
            raise Unavailable(f"`origin` of {checkout.root} cannot be read: {error.reason}", hint=hint) from error
        _fetch_from_github(mirror, git, remote, commit)
    if not mirror.has(commit):
        return False
    mirror.keep([commit])
    return True


def _fetch_from_github(mirror: Mirror, git: Command, remote: Remote, commit: str) -> None:
    try:
        with authorized(git.having(settings={"http.followRedirects": "false"}), remote) as allowed:
            _fetch(mirror, allowed, remote.url, commit)
    except GitFailed as error:
        hint = "reading it takes the permission `contents: read`"
        raise Unavailable(f"{remote.url} cannot be read: {error.reason}", hint=hint) from error


def _fetch(mirror: Mirror, git: Command, place: str, commit: str) -> None:
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance")
    if mirror.is_shallow():
        with mirror.writing():
            told = git.run("fetch", *options, "--depth=1", "--", place, commit, codes=(0, 1, 128))
        if told.code and not any(words in told.reason for words in _NOT_THERE):
            raise GitFailed("fetch", told.code, told.reason)
        return
    wanted = tuple(f"+refs/{kind}/*:{_FETCHED}/{kind}/*" for kind in ("heads", "tags"))
    git.run("fetch", *options, "--", place, *wanted)
    if not mirror.has(commit):
        # The head of a pull request from a fork is on no branch here. GitHub gives it to who knows its id; other
        # servers say that they have no such thing.
        git.run("fetch", *options, "--", place, commit, codes=(0, 1, 128))


def address(checkout: Checkout) -> str:
    """As the repository's own config has it; empty where there is no such remote."""
    return checkout.git.run("config", "--local", "--get", "remote.origin.url", codes=(0, 1)).line


def as_the_user(git: Command, environ: Mapping[str, str]) -> Command:
    """Git with the keys, credential helpers and proxies of the user's own config."""
    home = environ.get("HOME", os.devnull)
    given = {name: environ[name] for name in REACHING if name in environ}
    personal = {"GIT_CONFIG_GLOBAL": f"{home}/.gitconfig", "GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
    allowed = {f"protocol.{name}.allow": "always" for name in _PROTOCOLS}
    return git.having({**given, **personal}, settings={"credential.helper": None, **allowed})
