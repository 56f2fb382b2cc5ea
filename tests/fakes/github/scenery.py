"""Putting accounts, repositories, Apps and tokens into a stand-in."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tests.fakes.github import pull_state
from tests.fakes.github.bare_git import BareGit, Person
from tests.fakes.github.state import (
    Account,
    App,
    Comment,
    Installation,
    Issue,
    Label,
    PullRequest,
    Repository,
    Review,
)
from tests.fakes.github.tokens import Token, TokenKind, lifetime, new_value

if TYPE_CHECKING:
    from tests.fakes.github.standin import GitHubStandIn

ACTIONS_APP, ACTIONS_BOT = 15368, 41898282
"""The ids that GitHub Actions and its bot have on github.com."""
LABELS = {"bug": "d73a4a", "documentation": "0075ca", "enhancement": "a2eeef", "question": "d876e3"}
"""Some of those that a new repository has."""


def account(hub: GitHubStandIn, login: str, kind: str = "User", name: str = "", identity: int = 0) -> Account:
    found = hub.state.account(login)
    if found is None:
        number = identity or next(hub.state.ids)
        email = f"{number}+{login}@users.noreply.github.com"
        found = Account(id=number, login=login, kind=kind, name=name or login, email=email, created_at=hub.now())
        hub.state.accounts[login.lower()] = found
    return found


def organization(
    hub: GitHubStandIn, login: str, owners: Iterable[Account], members: Iterable[Account], public: bool
) -> Account:
    found = account(hub, login, "Organization")
    found.members |= {member.login: "member" for member in members} | {owner.login: "admin" for owner in owners}
    if public:
        found.public_members |= set(found.members)
    return found


def empty_repository(hub: GitHubStandIn, full_name: str, private: bool, default_branch: str) -> Repository:
    login, _, name = full_name.partition("/")
    identity = next(hub.state.ids)
    made = Repository(
        id=identity,
        owner=account(hub, login),
        name=name,
        git=BareGit.create(hub.folder / f"{identity}.git", default_branch),
        private=private,
        default_branch=default_branch,
        created_at=hub.now(),
    )
    made.labels = {name: Label(id=next(hub.state.ids), name=name, color=color) for name, color in LABELS.items()}
    hub.state.repositories[full_name.lower()] = made
    return made


def fork(hub: GitHubStandIn, of: Repository, owner: Account) -> Repository:
    identity = next(hub.state.ids)
    made = Repository(
        id=identity,
        owner=owner,
        name=of.name,
        git=of.git.copy_to(hub.folder / f"{identity}.git"),
        private=of.private,
        default_branch=of.default_branch,
        created_at=hub.now(),
        fork_of=of,
    )
    hub.state.repositories[made.full_name.lower()] = made
    return made


def rename(hub: GitHubStandIn, of: Repository, full_name: str) -> None:
    del hub.state.repositories[of.full_name.lower()]
    hub.state.moved[of.full_name.lower()] = of
    login, _, of.name = full_name.partition("/")
    of.owner = account(hub, login)
    hub.state.repositories[full_name.lower()] = of


def manifest_code(hub: GitHubStandIn, manifest: Mapping[str, object]) -> str:
    code = secrets.token_hex(20)
    hub.state.manifests[code] = dict(manifest)
    return code


def person(hub: GitHubStandIn, who: Account) -> Person:
    return Person(name=who.name, email=who.email, date=hub.now().isoformat(timespec="seconds"))


def commit(
    hub: GitHubStandIn,
    repository: Repository,
    files: Mapping[str, str | bytes | None],
    branch: str,
    message: str,
    by: Account | None,
) -> str:
    git = repository.git
    parent = git.branch(branch) or git.branch(repository.default_branch)
    who = person(hub, by or repository.owner)
    return git.write(branch, files, parent=parent, message=message, person=who)


def pull_request(
    hub: GitHubStandIn,
    repository: Repository,
    head: str,
    by: Account | None,
    head_repository: Repository | None,
    base: str,
    title: str,
    body: str | None,
    draft: bool,
) -> PullRequest:
    source = head_repository or repository
    wanted = pull_state.Wanted(
        head=head, base=base or repository.default_branch, title=title, body=body, draft=draft, source=source
    )
    return pull_state.opened(hub, repository, wanted, by or source.owner, None)


def comment(hub: GitHubStandIn, repository: Repository, number: int, by: Account, body: str) -> Comment:
    identity, moment = next(hub.state.ids), hub.now()
    made = Comment(id=identity, number=number, user=by, body=body, created_at=moment, updated_at=moment)
    repository.issues[number].comments[made.id] = made
    return made


def issue(
    hub: GitHubStandIn, repository: Repository, by: Account, title: str, body: str | None, labels: Iterable[str]
) -> Issue:
    number, moment = next(repository.numbers), hub.now()
    made = Issue(
        id=next(hub.state.ids), number=number, title=title, body=body, user=by, created_at=moment, updated_at=moment
    )
    for name in labels:
        repository.labels.setdefault(name, Label(id=next(hub.state.ids), name=name))
        made.labels.append(repository.labels[name])
    repository.issues[number] = made
    return made


def review(hub: GitHubStandIn, pull: PullRequest, by: Account, state: str, body: str) -> Review:
    made = Review(
        id=next(hub.state.ids), user=by, state=state, body=body, commit_id=pull.head_sha, submitted_at=hub.now()
    )
    pull.reviews.append(made)
    return made


def delete(hub: GitHubStandIn, repository: Repository) -> None:
    del hub.state.repositories[repository.full_name.lower()]
    for other in hub.state.repositories.values():
        for pull in other.pulls.values():
            if pull.head_repository is repository:
                pull.head_repository = None


def personal_token(
    hub: GitHubStandIn, who: Account, scopes: Iterable[str], permissions: Mapping[str, str] | None
) -> str:
    kind = TokenKind.CLASSIC if permissions is None else TokenKind.FINE_GRAINED
    return _kept(
        hub,
        Token(
            value=new_value(kind),
            kind=kind,
            account=who,
            scopes=frozenset(scopes) if permissions is None else frozenset(),
            permissions=dict(permissions or {}),
        ),
    ).value


def actions_token(hub: GitHubStandIn, repository: Repository, permissions: Mapping[str, str] | None) -> str:
    of_actions = hub.state.apps.get(ACTIONS_APP) or app(hub, "github-actions", "", {}, None, ACTIONS_APP, ACTIONS_BOT)
    installation = Installation(
        id=next(hub.state.ids),
        app=of_actions,
        account=repository.owner,
        permissions=dict(permissions or {"contents": "read", "metadata": "read"}),
        repositories={repository.full_name},
        created_at=hub.now(),
    )
    return _kept(
        hub,
        Token(
            value=new_value(TokenKind.ACTIONS),
            kind=TokenKind.ACTIONS,
            account=of_actions.bot,
            permissions=installation.permissions,
            repositories=frozenset({repository.full_name}),
            installation=installation,
        ),
    ).value


def app(
    hub: GitHubStandIn,
    slug: str,
    public_key: str,
    permissions: Mapping[str, str],
    owner: Account | None,
    identity: int = 0,
    bot: int = 0,
) -> App:
    number = identity or next(hub.state.ids)
    made = App(
        id=number,
        client_id=f"Iv23li{number:014d}",
        slug=slug,
        name=slug.replace("-", " ").title(),
        owner=owner or account(hub, "github" if identity else "app-maker", "Organization"),
        bot=account(hub, f"{slug}[bot]", "Bot", identity=bot),
        public_key=public_key,
        permissions={"metadata": "read", **permissions},
        events=[],
        created_at=hub.now(),
    )
    hub.state.apps[number] = made
    return made


def install(
    hub: GitHubStandIn,
    of: App,
    on: Account,
    repositories: Iterable[Repository] | None,
    permissions: Mapping[str, str] | None,
) -> Installation:
    made = Installation(
        id=next(hub.state.ids),
        app=of,
        account=on,
        permissions={"metadata": "read", **(of.permissions if permissions is None else permissions)},
        repositories=None if repositories is None else {each.full_name for each in repositories},
        created_at=hub.now(),
    )
    hub.state.installations[made.id] = made
    return made


def installation_token(
    hub: GitHubStandIn,
    installation: Installation,
    permissions: Mapping[str, str] | None,
    repositories: Iterable[Repository] | None,
    stateless: bool,
) -> Token:
    return _kept(
        hub,
        Token(
            value=new_value(TokenKind.INSTALLATION, installation.app, stateless=stateless),
            kind=TokenKind.INSTALLATION,
            account=installation.app.bot,
            permissions=dict(installation.permissions if permissions is None else permissions),
            repositories=None if repositories is None else frozenset(each.full_name for each in repositories),
            installation=installation,
            expires_at=lifetime(hub.now()),
        ),
    )


def _kept(hub: GitHubStandIn, token: Token) -> Token:
    hub.tokens[token.value] = token
    return token
