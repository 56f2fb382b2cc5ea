"""What a credential lacks is found out, told with what it breaks, and nothing is made on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import pytest
import responses

from orchestrator.github.diagnosis import NOWHERE, diagnose
from orchestrator.github.needs import OPEN_PULL_REQUESTS
from orchestrator.github.permissions import EVENTS, WANTED
from orchestrator.github.repository import GitHubRepository
from tests.fakes.clock import FakeClock
from tests.fakes.github_key import key_pair
from tests.unit.github.conftest import API, REPO, account

Made = Callable[..., GitHubRepository]

FOUND = {
    "id": 77,
    "full_name": "octo/demo",
    "private": False,
    "default_branch": "main",
    "html_url": "https://github.com/octo/demo",
    "permissions": {"push": True},
}
SETTING = f"{REPO}/actions/permissions/workflow"
REFUSED = {"message": "Resource not accessible by integration"}


@pytest.fixture
def pause(clock: FakeClock) -> Callable[[datetime], None]:
    return lambda until: clock.advance((until - clock.now()).total_seconds())


def test_a_job_that_may_do_little(
    github: Made, wire: responses.RequestsMock, pause: Callable[[datetime], None]
) -> None:
    wire.get(REPO, json=FOUND)
    wire.get(SETTING, json={"can_approve_pull_request_reviews": False})
    wire.post(f"{API}/graphql", json={"data": {"viewer": {"login": "github-actions[bot]", "databaseId": 1}}})
    wire.post(f"{REPO}/git/refs", status=422, json={"message": "Reference name is missing"})
    for path in ("pulls", "check-runs"):
        wire.post(f"{REPO}/{path}", status=403, json=REFUSED)
    wire.post(f"{REPO}/issues", status=410, json={"message": "Issues has been disabled in this repository."})
    found = diagnose(github(TOKEN="ghs_x"), pause)
    assert found.speaker == "the token of a job, github-actions[bot]"
    assert [(lack.needs, lack.breaks) for lack in found.lacks] == [
        ("pull requests: write", "no pull requests are opened, and no reviews written"),
        (
            "issues, which are turned off in the repository's settings",
            "there are no comments, reactions, labels and issues",
        ),
        ("checks: write", "executions show no check runs"),
        (OPEN_PULL_REQUESTS, "no pull requests are opened"),
    ]
    assert "`pull-requests: write`" in found.lacks[0].hint
    posted = [call.request for call in wire.calls if str(call.request.url).startswith(f"{REPO}/")]
    posted = [request for request in posted if request.method == "POST"]
    assert [json.loads(request.body or "") for request in posted] == [{}] * 4


def test_a_person_who_may_do_all(github: Made, wire: responses.RequestsMock, pause: Callable[[datetime], None]) -> None:
    wire.get(REPO, json=FOUND)
    wire.get(SETTING, status=403, json={"message": "Must have admin rights"})
    wire.get(f"{API}/user", json=account("grace"))
    for path in ("git/refs", "pulls", "issues", f"statuses/{NOWHERE}"):
        wire.post(f"{REPO}/{path}", status=422, json={"message": "Validation Failed"})
    found = diagnose(github(), pause)
    assert (found.speaker, found.repository, found.lacks) == ("the personal token of grace", "octo/demo", ())


@pytest.mark.parametrize("whole", [True, False])
def test_an_app_is_asked_what_it_was_granted(
    github: Made, wire: responses.RequestsMock, pause: Callable[[datetime], None], whole: bool
) -> None:
    granted = {each.name: each.level for each in WANTED} | {"members": "read"} if whole else {"metadata": "read"}
    wire.get(REPO, json=FOUND)
    wire.get(SETTING, status=403, json=REFUSED)
    wire.get(f"{REPO}/installation", json={"id": 9, "permissions": granted})
    token = {"token": "ghs_y", "expires_at": "2099-01-01T00:00:00Z", "permissions": granted}
    wire.post(f"{API}/app/installations/9/access_tokens", json=token)
    wire.get(f"{API}/app", json={"slug": "mycelium", "events": list(EVENTS) if whole else ["push"]})
    wire.get(f"{API}/users/mycelium%5Bbot%5D", json=account("mycelium[bot]", 77, "Bot"))
    found = diagnose(github(TOKEN="", APP_ID="3", PRIVATE_KEY=key_pair()[0]), pause)
    assert found.speaker == "the GitHub App mycelium[bot]"
    if whole:
        assert found.lacks == ()
    else:
        needs = [lack.needs for lack in found.lacks]
        assert needs[:4] == ["checks: write", "contents: write", "pull requests: write", "issues: write"]
        assert needs[4:] == ["members: read", f"the events {', '.join(each for each in EVENTS if each != 'push')}"]
        assert "grant it in the App's settings" in found.lacks[0].hint
