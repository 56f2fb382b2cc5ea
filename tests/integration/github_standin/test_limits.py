"""Rate limits by the clock, and answers that have not changed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests
from github import GithubException, RateLimitExceededException

from tests.fakes.github import faults
from tests.integration.github_standin.conftest import Scene


@pytest.fixture
def still(scene: Scene) -> Scene:
    """The scene with a clock that stands; `later` moves it."""
    moment = scene.hub.now().replace(microsecond=0)
    scene.hub.now = lambda: moment
    return scene


def later(scene: Scene, seconds: float) -> None:
    moment = scene.hub.now() + timedelta(seconds=seconds)
    scene.hub.now = lambda: moment


def told(caught: pytest.ExceptionInfo[RateLimitExceededException]) -> dict[str, str]:
    return caught.value.headers or {}


def get(scene: Scene, path: str, **headers: str) -> requests.Response:
    return requests.get(scene.hub.api_url + path, headers=headers, timeout=10)


def test_an_hour_s_requests_run_out_and_come_back(still: Scene) -> None:
    still.hub.limits.primary = 3
    token = still.hub.personal_token(still.bob)
    client = still.hub.client(token)
    for left in (2, 1, 0):
        client.get_repo("acme/widgets")
        assert client.rate_limiting == (left, 3)
    with pytest.raises(RateLimitExceededException) as caught:
        client.get_repo("acme/widgets")
    assert caught.value.data["message"] == f"API rate limit exceeded for user ID {still.bob.id}."
    assert client.get_rate_limit().resources.core.remaining == 0
    reset = int(told(caught)["x-ratelimit-reset"])
    assert reset == int(still.hub.now().timestamp()) + 3_600
    later(still, 3_600)
    assert client.get_repo("acme/widgets").name == "widgets"


def test_the_tokens_of_an_installation_share_its_hour(still: Scene) -> None:
    still.hub.limits.primary = 2
    first, second = (still.hub.client(still.hub.installation_token(still.installation)) for _ in range(2))
    first.get_repo("acme/widgets")
    second.get_repo("acme/widgets")
    with pytest.raises(RateLimitExceededException):
        first.get_repo("acme/widgets")


def test_too_many_comments_in_a_minute(still: Scene) -> None:
    issue = still.as_app.get_issue(1)
    for number in range(80):
        issue.create_comment(f"{number}")
    with pytest.raises(RateLimitExceededException) as caught:
        issue.create_comment("one more")
    assert told(caught)["retry-after"] == "60"
    assert [breach[1:] for breach in still.hub.limits.breaches] == [
        (f"installation ID {still.installation.id}", "content created a minute")
    ]
    later(still, 30)
    with pytest.raises(RateLimitExceededException) as caught:
        issue.create_comment("too soon")
    assert told(caught)["retry-after"] == "30"
    later(still, 31)
    issue.create_comment("at last")


def test_points_are_counted_too(still: Scene) -> None:
    still.hub.limits.points_a_minute = 9
    client = still.as_app
    run = client.create_check_run("a", still.pull.head_sha)
    with pytest.raises(RateLimitExceededException):
        run.edit(status="in_progress")
    assert still.hub.limits.breaches[-1][2] == "points a minute"


def test_too_many_at_once(scene: Scene) -> None:
    one, other, held = scene.as_app, scene.as_app, threading.Event()
    scene.hub.limits.concurrent = 1
    slow = scene.hub.faults.add("GET", faults.slow(held))
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(one.get_issue, 1)
        assert slow.arrived.wait(10)
        with pytest.raises(RateLimitExceededException):
            other.create_issue("while the first one waits")
        held.set()
        assert waiting.result().number == 1
    assert scene.hub.limits.breaches[-1][2] == "concurrent requests"


def test_what_has_not_changed_costs_nothing(scene: Scene) -> None:
    path, token = "/repos/acme/widgets/issues/1/comments", f"token {scene.hub.personal_token(scene.bob)}"
    first = get(scene, path, Authorization=token)
    same = get(scene, path, Authorization=token, **{"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["X-RateLimit-Remaining"] == first.headers["X-RateLimit-Remaining"]
    other = f"token {scene.hub.personal_token(scene.bob)}"
    assert get(scene, path, Authorization=other, **{"If-None-Match": first.headers["ETag"]}).status_code == 200
    scene.as_app.get_issue(1).create_comment("new")
    assert get(scene, path, Authorization=token, **{"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_pages_are_linked(scene: Scene) -> None:
    issue = scene.as_app.get_issue(1)
    for number in range(5):
        issue.create_comment(f"{number}")
    answer = get(scene, "/repos/acme/widgets/issues/1/comments?per_page=2&page=2")
    assert [comment["body"] for comment in answer.json()] == ["2", "3"]
    pages = {name: link["url"].rpartition("page=")[2] for name, link in answer.links.items()}
    assert pages == {"next": "3", "last": "3", "prev": "1", "first": "1"}
    assert get(scene, "/repos/acme/widgets/issues/1/comments?page=9").json() == []


def test_nobody_is_asked_to_wait_without_reason(scene: Scene) -> None:
    with pytest.raises(GithubException) as caught:
        scene.as_app.get_issue(99)
    assert caught.value.status == 404
    assert scene.hub.limits.breaches == []
