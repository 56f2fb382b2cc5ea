"""Who is what in a repository and its organisation: https://docs.github.com/rest/collaborators/collaborators."""

from __future__ import annotations

from typing import Any

from tests.fakes.github import access, repositories
from tests.fakes.github.accounts import simple
from tests.fakes.github.refusals import Refused, forbidden, not_found
from tests.fakes.github.routing import Answer, Call, page_of, route
from tests.fakes.github.state import Account, Team

LEGACY = {"maintain": "write", "triage": "read"}
"""What the `permission` says for roles that are younger than it."""


def _shown(call: Call, account: Account) -> dict[str, Any]:
    role = access.role_name(call.repository, account)
    permissions = repositories.permissions(call.repository, account)
    return {**simple(call.urls, account), "permissions": permissions, "role_name": role}


@route("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", "metadata:read")
def permission(call: Call) -> Answer:
    """Knows private members too. Bots are no users."""
    if call.token is None:
        raise Refused(401, "Requires authentication")
    if call.token.of_app is None and not access.has_role(call.repository, call.actor, "write"):
        raise forbidden("Must have push access to view collaborator permission.")
    account = call.hub.state.account(call.params["username"])
    if account is None or account.kind != "User":
        raise Refused(404, f"{call.params['username']} is not a user")
    role = access.role_name(call.repository, account)
    base = access.base_role(call.repository, role)
    body = {"permission": LEGACY.get(base, base), "role_name": role, "user": _shown(call, account)}
    return Answer(body=body)


@route("GET", "/repos/{owner}/{repo}/collaborators", "metadata:read")
def listing(call: Call) -> Answer:
    if call.token is None or (call.token.of_app is None and not access.has_role(call.repository, call.actor, "write")):
        raise forbidden("Must have push access to view repository collaborators.")
    users = [each for each in call.hub.state.accounts.values() if each.kind == "User"]
    least = "read" if call.repository.private else "triage"
    found = [each for each in users if access.has_role(call.repository, each, least)]
    return page_of(call, found, lambda each: _shown(call, each))


@route("GET", "/repos/{owner}/{repo}/collaborators/{username}", "metadata:read")
def is_collaborator(call: Call) -> Answer:
    account = call.hub.state.account(call.params["username"])
    least = "read" if call.repository.private else "triage"
    if account is None or not access.has_role(call.repository, account, least):
        raise not_found()
    return Answer(status=204)


@route("GET", "/orgs/{org}/teams/{team_slug}/memberships/{username}", "members:read")
def membership(call: Call) -> Answer:
    """Members of a team's child teams are members of it."""
    organization = call.hub.state.account(call.params["org"])
    team = organization.teams.get(call.params["team_slug"]) if organization else None
    account = call.hub.state.account(call.params["username"])
    if organization is None or team is None or account is None:
        raise not_found()
    state = _state(organization, team, account)
    if state is None:
        raise not_found()
    address = f"{call.urls.api}/organizations/{organization.id}/team/{team.id}/memberships/{account.login}"
    role = "maintainer" if organization.members.get(account.login) == "admin" else "member"
    return Answer(body={"url": address, "role": role, "state": state})


def _state(organization: Account, team: Team, account: Account) -> str | None:
    family = [each for each in organization.teams.values() if each is team or _descends(each, team)]
    states = {each.members.get(account.login) for each in family}
    return "active" if "active" in states else "pending" if "pending" in states else None


def _descends(team: Team, ancestor: Team) -> bool:
    return team.parent is not None and (team.parent is ancestor or _descends(team.parent, ancestor))
