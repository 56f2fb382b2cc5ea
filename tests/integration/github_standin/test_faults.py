"""What goes wrong by script."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests
from github import GithubException, RateLimitExceededException

from tests.fakes.github import faults
from tests.integration.github_standin.conftest import Scene

COMMENTS = "/repos/acme/widgets/issues/1/comments"


def post(scene: Scene, body: str, timeout: float = 10) -> requests.Response:
    headers = {"Authorization": f"token {scene.hub.personal_token(scene.alice)}"}
    return requests.post(scene.hub.api_url + COMMENTS, json={"body": body}, headers=headers, timeout=timeout)


def bodies(scene: Scene) -> list[str]:
    return [comment.body for comment in scene.pull.issue.comments.values()]


def test_an_error_before_and_one_after_the_write(scene: Scene) -> None:
    scene.hub.faults.add(r"POST .*/comments$", faults.answered(502))
    scene.hub.faults.add(r"POST .*/comments$", faults.lost(502))
    assert [post(scene, text).status_code for text in ("before", "after", "well")] == [502, 502, 201]
    assert bodies(scene) == ["after", "well"]
    assert [seen.status for seen in scene.hub.sent("POST", "/comments")] == [502, 502, 201]


@pytest.mark.parametrize("status", [403, 429])
def test_limits_with_and_without_a_word_on_when(scene: Scene, status: int) -> None:
    hub, now = scene.hub, scene.hub.now()
    client = scene.as_app
    hub.faults.add("GET", faults.secondary_limit(status, retry_after=7))
    hub.faults.add("GET", faults.secondary_limit(status, retry_after=None))
    hub.faults.add("GET", faults.primary_limit(now, status=status, seconds=90))
    hub.faults.add("GET", faults.primary_limit(now, status=status, told=False))
    told = []
    for _ in range(4):
        with pytest.raises(GithubException) as caught:
            client.get_issue(1)
        assert caught.value.status == status
        assert isinstance(caught.value, RateLimitExceededException) is (status == 403)
        headers = caught.value.headers or {}
        told.append((headers.get("retry-after"), headers.get("x-ratelimit-remaining"), "x-ratelimit-reset" in headers))
    assert told == [("7", None, False), (None, None, False), (None, "0", True), (None, None, False)]


def test_a_cut_answer_and_a_reset_connection(scene: Scene) -> None:
    scene.hub.faults.add("POST", faults.cut())
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        post(scene, "cut")
    scene.hub.faults.add("POST", faults.reset())
    with pytest.raises(requests.ConnectionError):
        post(scene, "reset")
    assert bodies(scene) == ["cut"]


def test_a_slow_answer_comes_when_it_may(scene: Scene) -> None:
    held = threading.Event()
    slow = scene.hub.faults.add("POST", faults.slow(held))
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(post, scene, "slow")
        assert slow.arrived.wait(10)
        assert requests.get(scene.hub.api_url + COMMENTS, timeout=10).status_code == 200
        assert not waiting.done()
        held.set()
        assert waiting.result().status_code == 201
    assert bodies(scene) == ["slow"]


def test_silence_ends_with_the_patience_of_the_caller_or_the_fault(scene: Scene) -> None:
    scene.hub.faults.add("POST", faults.silence(), times=None)
    with pytest.raises(requests.ReadTimeout):
        post(scene, "lost", timeout=0.05)
    scene.hub.faults.lift()
    assert post(scene, "heard").status_code == 201
    assert bodies(scene) == ["heard"]


def test_an_hour_s_outage_by_the_clock(scene: Scene) -> None:
    start = scene.hub.now()
    scene.hub.faults.add(".", faults.answered(503), times=None, until=start + timedelta(hours=1))
    assert post(scene, "down").status_code == 503
    scene.hub.now = lambda: start + timedelta(minutes=59)
    assert post(scene, "still down").status_code == 503
    scene.hub.now = lambda: start + timedelta(hours=1)
    assert post(scene, "up").status_code == 201
    assert bodies(scene) == ["up"]


def test_faults_wait_for_their_turn(scene: Scene) -> None:
    scripted = scene.hub.faults.add("POST", faults.answered(500), skip=1, times=2)
    assert [post(scene, str(number)).status_code for number in range(4)] == [201, 500, 500, 201]
    assert scripted.struck == 2
