"""Who may do what: roles of users, permissions of tokens, and how GitHub says no."""

from __future__ import annotations

from tests.fakes.github.refusals import Refused, forbidden, not_found
from tests.fakes.github.routing import Call, Route
from tests.fakes.github.state import ROLES, Account, Repository
from tests.fakes.github.tokens import Token, TokenKind

LEVELS = ("none", "read", "write", "admin")
BY_APPS_ALONE = {"checks"}
"""Permissions whose `write` only Apps can have."""


def role_name(repository: Repository, account: Account) -> str:
    """What the account is in the repository, with the name of a custom role where it has one; else `none`."""
    owner = repository.owner
    if account is owner or owner.members.get(account.login) == "admin":
        return "admin"
    granted = []
    if account.login in owner.members:
        granted.append(owner.base_permission)
    if account.login in repository.collaborators:
        granted.append(repository.collaborators[account.login])
    teams = [team for team in owner.teams.values() if team.members.get(account.login) == "active"]
    granted += [team.repositories[repository.full_name] for team in teams if repository.full_name in team.repositories]
    if not repository.private:
        granted.append("read")
    return max(granted, key=lambda name: rank(repository, name), default="none")


def base_role(repository: Repository, name: str) -> str:
    return repository.owner.custom_roles.get(name, name)


def rank(repository: Repository, name: str) -> int:
    return ROLES.index(base_role(repository, name))


def has_role(repository: Repository, account: Account, wanted: str) -> bool:
    return rank(repository, role_name(repository, account)) >= ROLES.index(wanted)


def authorise(call: Call, route: Route) -> None:
    """Let the call pass, or refuse it as GitHub does."""
    if route.by_app:
        if call.app is None:
            raise Refused(401, "A JSON web token could not be decoded")
        return
    if call.app is not None:
        raise forbidden("Resource not accessible by integration")
    if call.found is not None and not visible(call.found, call.token):
        raise not_found()
    if call.found is None:
        _authorise_elsewhere(call, route)
        return
    if not route.needs:
        return
    _authorise_in(call.found, call, route)


def _authorise_elsewhere(call: Call, route: Route) -> None:
    """Accounts and organisations: what Apps may there is a permission, what users may a scope."""
    token = call.token
    if not route.needs:
        return
    if token is None:
        raise Refused(401, "Requires authentication")
    if token.kind is TokenKind.CLASSIC:
        organization = call.hub.state.account(call.params.get("org", ""))
        if not token.scopes & {"read:org", "write:org", "admin:org"}:
            raise forbidden("You need at least read:org scope to see that.")
        if organization is None or token.account.login not in organization.members:
            raise not_found()
    elif not any(permits(token, need) for need in route.needs):
        raise _lacking(token, route)


def visible(repository: Repository, token: Token | None) -> bool:
    if not repository.private:
        return True
    if token is None or not token.covers(repository):
        return False
    if token.kind in (TokenKind.INSTALLATION, TokenKind.ACTIONS):
        return True
    if token.kind is TokenKind.CLASSIC and "repo" not in token.scopes:
        return False
    return role_name(repository, token.account) != "none"


def _authorise_in(repository: Repository, call: Call, route: Route) -> None:
    token, reads = call.token, all(need.endswith(":read") for need in route.needs)
    if reads and not repository.private and "administration:read" not in route.needs:
        return
    if token is None:
        raise Refused(401, "Requires authentication")
    if any(need.partition(":")[0] in BY_APPS_ALONE for need in route.needs) and not reads and token.of_app is None:
        classic = token.kind is TokenKind.CLASSIC
        raise forbidden(
            "You must authenticate via a GitHub App." if classic else "Resource not accessible by personal access token"
        )
    if repository.archived and not reads:
        raise forbidden("Repository was archived so is read-only.")
    if token.kind is TokenKind.CLASSIC:
        if not reads and not token.scopes & {"repo", "public_repo"}:
            raise not_found()
    elif not token.covers(repository) or not any(permits(token, need) for need in route.needs):
        raise _lacking(token, route)
    if token.of_app is None and not has_role(repository, token.account, route.role):
        raise _too_low(route)


def permits(token: Token, need: str) -> bool:
    name, _, level = need.partition(":")
    held = "read" if name == "metadata" else token.permissions.get(name, "none")
    return LEVELS.index(held) >= LEVELS.index(level)


def accepted(route: Route) -> str:
    """What `X-Accepted-GitHub-Permissions` says: alternatives, divided by semicolons."""
    return "; ".join(need.replace(":", "=") for need in route.needs)


def _lacking(token: Token, route: Route) -> Refused:
    by = "personal access token" if token.kind is TokenKind.FINE_GRAINED else "integration"
    return Refused(403, f"Resource not accessible by {by}", headers={"X-Accepted-GitHub-Permissions": accepted(route)})


def _too_low(route: Route) -> Refused:
    if route.role == "admin":
        return forbidden("Must have admin rights to Repository.")
    return forbidden("Must have push access to repository")
