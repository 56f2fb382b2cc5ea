"""One GitHub on loopback, with what a test puts into it and asks of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fakes.github import scenery
from tests.fakes.github.described import Description
from tests.fakes.github.exchange import PREFIX, Exchange
from tests.fakes.github.faults import Faults
from tests.fakes.github.limits import Limits
from tests.fakes.github.serving import Server
from tests.fakes.github.state import (
    Account,
    App,
    Comment,
    Installation,
    Issue,
    PullRequest,
    Repository,
    Review,
    State,
)
from tests.fakes.github.tokens import Token

if TYPE_CHECKING:
    from github import Github

_numbers = count(1)


class GitHubStandIn:
    """A GitHub with its own state, served from construction to `close`.

    `url` is where people see it, `api_url` the REST API as GitHub Enterprise Server has it, `plain_api_url` as
    api.github.com has it. `requests` holds every exchange, `violations` what in them is not as GitHub describes it or
    what the stand-in does not serve; the fixture fails the test for each. The clock is the machine's unless given.
    """

    def __init__(
        self,
        folder: Path,
        *,
        description: Description | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.folder = folder
        self.now = now
        self.number = next(_numbers)
        self.lock = threading.RLock()
        self.state = State()
        self.tokens: dict[str, Token] = {}
        self.limits = Limits(now=self.moment)
        self.faults = Faults()
        self.requests: list[Exchange] = []
        self.violations: list[str] = []
        self.stateless_tokens = True
        self._description = description
        self._server = Server()
        self._server.hub = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.faults.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def moment(self) -> datetime:
        """What the clock says, also after it was exchanged."""
        return self.now()

    @property
    def api_url(self) -> str:
        return self.url + PREFIX

    @property
    def plain_api_url(self) -> str:
        return self.url

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self.lock:
            self.limits.running += 1
        try:
            yield
        finally:
            with self.lock:
                self.limits.running -= 1

    def check(self, seen: Exchange) -> None:
        """Note what of an exchange is not as GitHub describes it."""
        if self._description is not None and seen.operation:
            with self.lock:
                self.violations.extend(self._description.problems(seen))

    def token(self, value: str) -> Token | None:
        """The one with this value, while it is good."""
        token = self.tokens.get(value)
        if token is None or (token.expires_at and token.expires_at <= self.now()):
            return None
        return token

    def sent(self, method: str = "", path: str = "") -> list[Exchange]:
        """The exchanges of a method (`POST`) whose path ends so."""
        return [seen for seen in self.requests if (not method or seen.method == method) and seen.path.endswith(path)]

    def user(self, login: str, *, kind: str = "User", name: str = "") -> Account:
        return scenery.account(self, login, kind, name)

    def organization(
        self, login: str, *, owners: Iterable[Account] = (), members: Iterable[Account] = (), public: bool = False
    ) -> Account:
        """Its members are private unless `public`."""
        return scenery.organization(self, login, owners, members, public)

    def repository(
        self,
        full_name: str,
        files: Mapping[str, str | bytes] | None = None,
        *,
        private: bool = False,
        default_branch: str = "main",
    ) -> Repository:
        """With one commit of `files`; its owner comes into being, as a user, where there is none."""
        made = scenery.empty_repository(self, full_name, private, default_branch)
        self.commit(made, files or {"README.md": f"# {made.name}\n"}, message="Begin")
        return made

    def empty_repository(self, full_name: str, *, private: bool = False) -> Repository:
        """As GitHub makes one of which nothing but the name was asked: without a commit."""
        return scenery.empty_repository(self, full_name, private, "main")

    def rename(self, repository: Repository, full_name: str) -> None:
        """Who asks for it by its old name is sent on to its id."""
        scenery.rename(self, repository, full_name)

    def fork(self, repository: Repository, owner: Account) -> Repository:
        return scenery.fork(self, repository, owner)

    def commit(
        self,
        repository: Repository,
        files: Mapping[str, str | bytes | None],
        *,
        branch: str = "",
        message: str = "Change files",
        by: Account | None = None,
    ) -> str:
        """A commit on a branch, which begins at the default branch's head where it is new; the SHA."""
        return scenery.commit(self, repository, files, branch or repository.default_branch, message, by)

    def pull_request(
        self,
        repository: Repository,
        head: str,
        *,
        by: Account | None = None,
        head_repository: Repository | None = None,
        base: str = "",
        title: str = "A change",
        body: str | None = None,
        draft: bool = False,
    ) -> PullRequest:
        """One that somebody opened already."""
        return scenery.pull_request(self, repository, head, by, head_repository, base, title, body, draft)

    def comment(self, repository: Repository, number: int, by: Account, body: str) -> Comment:
        """One that somebody wrote on an issue or pull request, without a request."""
        return scenery.comment(self, repository, number, by, body)

    def issue(
        self, repository: Repository, by: Account, title: str, body: str | None = None, *, labels: Iterable[str] = ()
    ) -> Issue:
        return scenery.issue(self, repository, by, title, body, labels)

    def review(self, pull: PullRequest, by: Account, state: str = "APPROVED", body: str = "") -> Review:
        """Of the pull request's head; `state` is APPROVED, CHANGES_REQUESTED or COMMENTED."""
        return scenery.review(self, pull, by, state, body)

    def delete(self, repository: Repository) -> None:
        """What a fork proposed stays, without the fork."""
        scenery.delete(self, repository)

    def personal_token(
        self, account: Account, *, scopes: Iterable[str] = ("repo",), permissions: Mapping[str, str] | None = None
    ) -> str:
        """A classic token with scopes, or a fine-grained one where `permissions` are given."""
        return scenery.personal_token(self, account, scopes, permissions)

    def actions_token(self, repository: Repository, permissions: Mapping[str, str] | None = None) -> str:
        """`GITHUB_TOKEN` of a job in the repository."""
        return scenery.actions_token(self, repository, permissions)

    def app(self, slug: str, public_key: str, *, permissions: Mapping[str, str], owner: Account | None = None) -> App:
        """A GitHub App whose JWTs the key (PEM) verifies."""
        return scenery.app(self, slug, public_key, permissions, owner)

    def install(
        self,
        app: App,
        account: Account,
        *,
        repositories: Iterable[Repository] | None = None,
        permissions: Mapping[str, str] | None = None,
    ) -> Installation:
        """On all of the account's repositories unless told; with all that the App asks for unless told."""
        return scenery.install(self, app, account, repositories, permissions)

    def installation_token(
        self,
        installation: Installation,
        *,
        permissions: Mapping[str, str] | None = None,
        repositories: Iterable[Repository] | None = None,
        stateless: bool = False,
    ) -> str:
        """One that was minted without the App's JWT, for tests that are not about minting."""
        return scenery.installation_token(self, installation, permissions, repositories, stateless).value

    def manifest_code(self, manifest: Mapping[str, object]) -> str:
        """What GitHub hands to the `redirect_url` once somebody has created an App from a manifest in the browser."""
        return scenery.manifest_code(self, manifest)

    def client(self, token: str, *, plain: bool = False) -> Github:
        """PyGithub as that token, which neither waits nor tries again by itself."""
        from github import Auth, Github

        return Github(
            base_url=self.plain_api_url if plain else self.api_url,
            auth=Auth.Token(token),
            seconds_between_requests=None,
            seconds_between_writes=None,
            retry=None,
        )
