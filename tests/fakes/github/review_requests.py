"""Who is asked to review: https://docs.github.com/rest/pulls/review-requests."""

from __future__ import annotations

from tests.fakes.github import access, pulls
from tests.fakes.github.accounts import simple
from tests.fakes.github.refusals import Refused
from tests.fakes.github.routing import Answer, Call, route
from tests.fakes.github.state import Account, PullRequest, Team
from tests.fakes.github.teams import shown_team

_PATH = "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers"


@route("GET", _PATH, "pull_requests:read")
def requested(call: Call) -> Answer:
    pull, owner = pulls.found(call), call.repository.owner
    users = [simple(call.urls, each) for each in pull.requested_reviewers]
    return Answer(body={"users": users, "teams": [shown_team(call.urls, owner, each) for each in pull.requested_teams]})


@route("POST", _PATH, "pull_requests:write")
def request(call: Call) -> Answer:
    """All of them, or none."""
    pull = pulls.found(call)
    people = [_person(call, pull, login) for login in call.given("reviewers", list, [])]
    teams = [_team(call, slug) for slug in call.given("team_reviewers", list, [])]
    pull.requested_reviewers += [each for each in people if each not in pull.requested_reviewers]
    pull.requested_teams += [each for each in teams if each not in pull.requested_teams]
    return Answer(status=201, body=pulls.simply(call.urls, call.repository, pull))


def _person(call: Call, pull: PullRequest, login: str) -> Account:
    account = call.hub.state.account(login)
    if account is pull.issue.user:
        raise Refused(422, "Review cannot be requested from pull request author.")
    if account is None or account.kind != "User" or access.role_name(call.repository, account) == "none":
        raise _no_collaborator(call)
    return account


def _team(call: Call, slug: str) -> Team:
    team = call.repository.owner.teams.get(slug)
    if team is None or call.repository.full_name not in team.repositories:
        raise _no_collaborator(call)
    return team


def _no_collaborator(call: Call) -> Refused:
    return Refused(
        422,
        "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a "
        f"collaborator of the {call.repository.full_name} repository.",
    )
