"""The repository's `origin`: what clones elsewhere can be expected to have, and fetching from it into the mirror.

A fetch never touches the user's repository. Of the repository's config it takes the address alone; how to get there
(keys, credential helpers, proxies) is what the user's own git config says. Where that leads nowhere, the repository on
GitHub is asked with our own token.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.errors import Unavailable
from orchestrator.git.authorized import authorized
from orchestrator.git.command import Command, GitFailed
from orchestrator.git.discovery import Checkout
from orchestrator.git.mirror import Mirror
from orchestrator.git.personal import as_configured

if TYPE_CHECKING:
    # Every worker knows how to fetch, and few of them speak to GitHub.
    from orchestrator.lifecycle.ports.github import Remote

_TRACKED = "refs/remotes/origin"
FETCHED: Final = "refs/mycelium/origin"
"""Below it lie the branches and tags that were fetched."""

OPTIONS: Final = ("--quiet", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance")
"""What every fetch into the mirror is told."""

_NOT_THERE = ("not our ref", "unadvertised object", "remote error: upload-pack", "couldn't find remote ref")
_PROTOCOLS = ("file", "git", "http", "https", "ssh")
REACHING = (
    *("SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"),
    *("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
)
"""What of our environment a command that reaches a network gets; none of it names a program."""


def published(checkout: Checkout) -> list[str]:
    """The commits that `origin` had when the checkout last heard of it; none where there is no such remote."""
    if not address(checkout):
        return []
    listed = checkout.git.run("for-each-ref", "--format=%(objectname)", _TRACKED).line
    return sorted(set(listed.split()))


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """`origin` of a checkout, as something that the mirror can fetch from.

    `github` is asked only where `origin` cannot be read. `apart` are branches that are never fetched.
    """

    mirror: Mirror
    checkout: Checkout
    environ: Mapping[str, str]
    github: Callable[[], Remote | None] = lambda: None
    apart: Collection[str] = ()

    def fetch(self, commit: str) -> bool:
        """Fetch branches and tags into the mirror, and `commit` if need be; whether it is there now.

        Of a shallow checkout, as those of continuous integration are, only `commit` is fetched, and none before it:
        others would bring along the history that was left out.
        """
        if not self.asked(lambda git, place: self._fetch(git, place, commit)) or not self.mirror.has(commit):
            return False
        self.mirror.keep([commit])
        return True

    def asked(self, ask: Callable[[Command, str], object]) -> bool:
        """Have `ask` fetch from an address with a git that may; false where there is no `origin`.

        It is called again, with GitHub's address, where it raises `GitFailed`.
        """
        place = address(self.checkout)
        if not place:
            return False
        git = as_the_user(self.mirror.git.at(self.checkout.root, git_dir=self.mirror.path), self.environ)
        try:
            ask(git, place)
        except GitFailed as error:
            remote = self.github()
            if remote is None:
                hint = "see what `git fetch origin` says in the clone on this machine"
                what = f"`origin` of {self.checkout.root} cannot be read: {error.reason}"
                raise Unavailable(what, hint=hint) from error
            _asked_of_github(git, remote, ask)
        return True

    def _fetch(self, git: Command, place: str, commit: str) -> None:
        if is_shallow(self.mirror, self.checkout):
            with self.mirror.writing():
                self.mirror.unlock()
                told = git.run("fetch", *OPTIONS, "--no-tags", "--depth=1", "--", place, commit, codes=(0, 1, 128))
            if told.code and not any(words in told.reason for words in _NOT_THERE):
                raise GitFailed("fetch", told.code, told.reason)
            return
        wanted = [f"+refs/{kind}/*:{FETCHED}/{kind}/*" for kind in ("heads", "tags")]
        wanted += [f"^refs/heads/{branch}" for branch in self.apart]
        git.run("fetch", *OPTIONS, "--no-tags", "--", place, *wanted)
        if not self.mirror.has(commit):
            # The head of a pull request from a fork is on no branch here. GitHub gives it to who knows its id; other
            # servers say that they have no such thing.
            git.run("fetch", *OPTIONS, "--no-tags", "--", place, commit, codes=(0, 1, 128))


def is_shallow(mirror: Mirror, checkout: Checkout) -> bool:
    """Whether history is left out of the checkout, though the mirror may have got it since."""
    return mirror.is_shallow() or (checkout.common_dir / "shallow").is_file()


def _asked_of_github(git: Command, remote: Remote, ask: Callable[[Command, str], object]) -> None:
    try:
        with authorized(git.having(settings={"http.followRedirects": "false"}), remote) as allowed:
            ask(allowed, remote.url)
    except GitFailed as error:
        hint = "reading it takes the permission `contents: read`"
        raise Unavailable(f"{remote.url} cannot be read: {error.reason}", hint=hint) from error


def address(checkout: Checkout) -> str:
    """As the repository's own config has it; empty where there is no such remote."""
    return checkout.git.run("config", "--local", "--get", "remote.origin.url", codes=(0, 1)).line


def as_the_user(git: Command, environ: Mapping[str, str]) -> Command:
    """Git with the keys, credential helpers and proxies of the user's own config."""
    given = {name: environ[name] for name in REACHING if name in environ}
    allowed = {f"protocol.{name}.allow": "always" for name in _PROTOCOLS}
    return as_configured(git, environ).having(
        {**given, "GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}, settings={"credential.helper": None, **allowed}
    )
