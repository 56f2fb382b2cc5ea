"""The check against GitHub's own description: what it finds, and that nothing passes it by."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.fakes.github import TOPICS, Description, GitHubStandIn, description, routing
from tests.fakes.github.exchange import Exchange
from tests.integration.github_standin.conftest import Scene


@pytest.fixture
def described() -> Description:
    found = description()
    if found is None:
        pytest.skip("needs GitHub's description of its API (make github)")
    return found


def exchange(method: str, operation: str, **given: Any) -> Exchange:
    defaults = {"path": operation, "query": {}, "headers": {}, "answer_headers": {"Content-Type": "application/json"}}
    return Exchange(at=datetime.now(UTC), method=method, operation=operation, **{**defaults, **given})


BAD = [
    pytest.param(
        exchange("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", body={"text": "x"}, status=201),
        ['request: .: "body" is a required property', "request has ['text'], which GitHub's description does not know"],
        id="request",
    ),
    pytest.param(
        exchange("GET", "/repos/{owner}/{repo}/pulls", query={"state": "gone"}, status=200, answer=[]),
        ['parameter state: .: "gone" is not one of'],
        id="parameter",
    ),
    pytest.param(
        exchange("GET", "/repos/{owner}/{repo}/git/ref/{ref}", status=200, answer={"ref": "refs/heads/main"}),
        ['answer: .: "node_id" is a required property', '"url" is a required', '"object" is a required'],
        id="answer",
    ),
    pytest.param(
        exchange("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels", status=200),
        ["GitHub's description has no such answer"],
        id="status",
    ),
    pytest.param(exchange("GET", "/nowhere", status=200), ["GitHub's description has no GET /nowhere"], id="path"),
]


@pytest.mark.parametrize(("seen", "problems"), BAD)
def test_it_finds_what_is_not_as_described(described: Description, seen: Exchange, problems: list[str]) -> None:
    found = list(described.problems(seen))
    assert len(found) == len(problems)
    assert all(expected in problem for expected, problem in zip(problems, found, strict=True))


def test_refused_requests_may_be_anything(described: Description) -> None:
    seen = exchange("POST", "/repos/{owner}/{repo}/check-runs", body={"nonsense": True}, status=422)
    assert list(described.problems(seen)) == []


def test_it_knows_every_operation_that_is_served(described: Description) -> None:
    assert len(TOPICS) > 15
    served = [exchange(route.method, route.operation, status=422) for route in routing.ROUTES]
    assert len(served) > 80
    assert [problem for seen in served for problem in described.problems(seen)] == []


def test_what_is_not_served_fails_the_test(tmp_path: Any) -> None:
    hub = GitHubStandIn(tmp_path)
    try:
        assert requests.get(f"{hub.api_url}/gists", timeout=10).status_code == 404
        assert hub.violations == ["the stand-in does not serve GET /gists"]
    finally:
        hub.close()


def test_every_exchange_is_checked(scene: Scene, described: Description) -> None:
    scene.as_app.get_pull(1)
    assert scene.hub.violations == []
    assert [seen.operation for seen in scene.hub.requests] == [
        "/repos/{owner}/{repo}",
        "/repos/{owner}/{repo}/pulls/{pull_number}",
    ]
    assert all(seen.status == 200 and seen.who == "mycelium-test[bot]" for seen in scene.hub.requests)
