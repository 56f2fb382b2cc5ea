"""A repository with a pull request, and clients with every kind of token."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from github.Repository import Repository as Client

from tests.fakes.github import GitHubStandIn
from tests.fakes.github.state import Account, App, Installation, PullRequest, Repository


@dataclass(kw_only=True)
class Scene:
    """`acme/widgets`, with what Alice proposes; Bob may only read it."""

    hub: GitHubStandIn
    repository: Repository
    alice: Account
    bob: Account
    pull: PullRequest
    app: App
    installation: Installation

    def seen_by(self, token: str) -> Client:
        return self.hub.client(token).get_repo(self.repository.full_name)

    @property
    def as_app(self) -> Client:
        return self.seen_by(self.hub.installation_token(self.installation))

    def as_user(self, account: Account) -> Client:
        return self.seen_by(self.hub.personal_token(account))


@pytest.fixture(scope="session")
def key_pair() -> tuple[str, str]:
    """An App's private and public key, as PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@pytest.fixture
def scene(github: GitHubStandIn, key_pair: tuple[str, str]) -> Scene:
    owner = github.user("acme-owner")
    github.organization("acme", owners=[owner])
    repository = github.repository("acme/widgets", {"README.md": "# Widgets\n", "src/app.py": "one\ntwo\nthree\n"})
    alice, bob = github.user("alice"), github.user("bob")
    repository.collaborators["alice"] = "write"
    github.commit(repository, {"src/app.py": "one\n2\nthree\n", "new file.txt": "new\n"}, branch="topic", by=alice)
    permissions = {"checks": "write", "contents": "write", "issues": "write", "pull_requests": "write"}
    app = github.app("mycelium-test", key_pair[1], permissions={**permissions, "statuses": "write"})
    return Scene(
        hub=github,
        repository=repository,
        alice=alice,
        bob=bob,
        pull=github.pull_request(repository, "topic", by=alice, title="Use a digit"),
        app=app,
        installation=github.install(app, repository.owner),
    )
