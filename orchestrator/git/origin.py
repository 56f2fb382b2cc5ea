"""The repository's `origin`: what clones elsewhere can be expected to have, and fetching from it into the mirror.

A fetch never touches the user's repository. Of the repository's config it takes the address alone; how to get there
(keys, credential helpers, proxies) is what the user's own git config says.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from orchestrator.errors import Unavailable
from orchestrator.git.command import Command, GitFailed
from orchestrator.git.discovery import Checkout
from orchestrator.git.mirror import Mirror

_TRACKED = "refs/remotes/origin"
_FETCHED = "refs/mycelium/origin"
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


def fetch(mirror: Mirror, checkout: Checkout, environ: Mapping[str, str], commit: str) -> bool:
    """Fetch the branches and tags of `origin` into the mirror, and `commit` if need be; whether it is there now."""
    place = address(checkout)
    if not place:
        return False
    git = _reaching(mirror.git.at(checkout.root, git_dir=mirror.path), environ)
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance")
    wanted = tuple(f"+refs/{kind}/*:{_FETCHED}/{kind}/*" for kind in ("heads", "tags"))
    try:
        git.run("fetch", *options, "--", place, *wanted)
    except GitFailed as error:
        hint = "see what `git fetch origin` says in the clone on this machine"
        raise Unavailable(f"`origin` of {checkout.root} cannot be read: {error.reason}", hint=hint) from error
    if not mirror.has(commit):
        # The head of a pull request from a fork is on no branch here. GitHub gives it to who knows its id; other
        # servers say that they have no such thing.
        git.run("fetch", *options, "--", place, commit, codes=(0, 1, 128))
    if not mirror.has(commit):
        return False
    mirror.keep([commit])
    return True


def address(checkout: Checkout) -> str:
    """As the repository's own config has it; empty where there is no such remote."""
    return checkout.git.run("config", "--local", "--get", "remote.origin.url", codes=(0, 1)).line


def _reaching(git: Command, environ: Mapping[str, str]) -> Command:
    home = environ.get("HOME", os.devnull)
    given = {name: environ[name] for name in REACHING if name in environ}
    personal = {"GIT_CONFIG_GLOBAL": f"{home}/.gitconfig", "GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
    allowed = {f"protocol.{name}.allow": "always" for name in _PROTOCOLS}
    return git.having({**given, **personal}, settings={"credential.helper": None, **allowed})
