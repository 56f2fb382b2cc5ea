"""Teams of an organisation: https://docs.github.com/rest/teams/members."""

from __future__ import annotations

from typing import Any

from tests.fakes.github.accounts import node_id
from tests.fakes.github.refusals import not_found
from tests.fakes.github.routing import Answer, Call, route
from tests.fakes.github.state import Account, Team
from tests.fakes.github.urls import Urls


def shown_team(urls: Urls, owner: Account, team: Team) -> dict[str, Any]:
    address = f"{urls.api}/organizations/{owner.id}/team/{team.id}"
    return {
        "id": team.id,
        "node_id": node_id("T", team.id),
        "url": address,
        "html_url": f"{urls.web}/orgs/{owner.login}/teams/{team.slug}",
        "name": team.slug,
        "slug": team.slug,
        "description": None,
        "privacy": "closed",
        "permission": "pull",
        "notification_setting": "notifications_enabled",
        "members_url": f"{address}/members{{/member}}",
        "repositories_url": f"{address}/repos",
        "parent": None,
        "type": "organization",
        "organization_id": owner.id,
    }


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
