"""Who is what in a repository: https://docs.github.com/rest/collaborators/collaborators."""

from __future__ import annotations

from typing import Any

from tests.fakes.github import access, repositories
from tests.fakes.github.accounts import simple
from tests.fakes.github.refusals import Refused, forbidden, not_found
from tests.fakes.github.routing import Answer, Call, page_of, route
from tests.fakes.github.state import Account

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
