"""Accounts: https://docs.github.com/rest/users/users, and how they look inside of everything else."""

from __future__ import annotations

from typing import Any

from tests.fakes.github.refusals import Refused, forbidden, not_found
from tests.fakes.github.routing import Answer, Call, route
from tests.fakes.github.state import Account, Repository
from tests.fakes.github.times import shown
from tests.fakes.github.urls import Urls

_LINKS = {
    "followers_url": "followers",
    "following_url": "following{/other_user}",
    "gists_url": "gists{/gist_id}",
    "starred_url": "starred{/owner}{/repo}",
    "subscriptions_url": "subscriptions",
    "organizations_url": "orgs",
    "repos_url": "repos",
    "events_url": "events{/privacy}",
    "received_events_url": "received_events",
}


def node_id(kind: str, identity: int | str) -> str:
    """GitHub's is opaque; so is this."""
    return f"{kind}_{identity}"


def simple(urls: Urls, account: Account) -> dict[str, Any]:
    """An account as other objects hold it."""
    name = account.login.replace("[", "%5B").replace("]", "%5D")
    path = f"apps/{name.removesuffix('%5Bbot%5D')}" if account.kind == "Bot" else name
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("U", account.id),
        "avatar_url": f"{urls.web}/avatars/u/{account.id}",
        "gravatar_id": "",
        "url": f"{urls.api}/users/{name}",
        "html_url": f"{urls.web}/{path}",
        **{key: f"{urls.api}/users/{name}/{rest}" for key, rest in _LINKS.items()},
        "type": account.kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def optional(urls: Urls, account: Account | None) -> dict[str, Any] | None:
    return None if account is None else simple(urls, account)


def whole(call: Call, account: Account) -> dict[str, Any]:
    """An account asked for by its name."""
    owned = [each for each in call.hub.state.repositories.values() if each.owner is account]
    return {
        **simple(call.urls, account),
        "name": account.name,
        "company": None,
        "blog": "",
        "location": None,
        "email": None,
        "hireable": None,
        "bio": None,
        "public_repos": sum(not each.private for each in owned),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": shown(account.created_at),
        "updated_at": shown(account.created_at),
    }


def association(repository: Repository, account: Account) -> str:
    """What GitHub shows beside somebody's name. It is no authorisation: private members are not known to it."""
    owner = repository.owner
    if account is owner:
        return "OWNER"
    if account.login in owner.public_members:
        return "MEMBER"
    if account.login in repository.collaborators and account.login not in owner.members:
        return "COLLABORATOR"
    return "CONTRIBUTOR" if account.login in repository.contributors else "NONE"


def known(call: Call, login: str) -> Account:
    account = call.hub.state.account(login)
    if account is None:
        raise not_found()
    return account


@route("GET", "/user")
def me(call: Call) -> Answer:
    if call.token is None:
        raise Refused(401, "Requires authentication")
    if call.token.of_app is not None:
        raise forbidden("Resource not accessible by integration")
    return Answer(body=whole(call, call.actor))


@route("GET", "/users/{username}")
def user(call: Call) -> Answer:
    return Answer(body=whole(call, known(call, call.params["username"])))
