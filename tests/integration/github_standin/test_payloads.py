"""Payloads of webhooks are as GitHub describes them, and tell what the stand-in holds."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable

import pytest

from tests.fakes.github import Description, description, payloads
from tests.fakes.github.bare_git import NOTHING
from tests.fakes.github.payloads import Event
from tests.fakes.github.state import CheckRun, Comment, Review
from tests.integration.github_standin.conftest import Scene


def comment(scene: Scene, body: str = "/mycelium run") -> Comment:
    return scene.hub.comment(scene.repository, 1, scene.bob, body)


def review(scene: Scene) -> Review:
    return scene.hub.review(scene.pull, scene.bob, body="Fine")


def run(scene: Scene) -> CheckRun:
    scene.as_app.create_check_run("mycelium", scene.pull.head_sha, conclusion="failure")
    return list(scene.repository.check_runs.values())[-1]


def issue(scene: Scene) -> int:
    return scene.hub.issue(scene.repository, scene.bob, "Broken", labels=["bug"]).number


EVENTS: dict[str, Callable[[Scene], Event]] = {
    "push": lambda s: payloads.push(s.hub, s.repository, s.alice, ref="refs/heads/topic", before=s.pull.base_sha),
    "push of a new branch": lambda s: payloads.push(s.hub, s.repository, s.alice, ref="refs/heads/topic"),
    "push that deletes": lambda s: payloads.push(s.hub, s.repository, s.alice, before=s.pull.base_sha, after=NOTHING),
    **{
        f"pull request {action}": lambda s, action=action: payloads.pull_request(s.hub, s.repository, s.pull, action)  # type: ignore[misc]
        for action in ("opened", "edited", "closed", "reopened", "ready_for_review", "converted_to_draft")
    },
    "pull request synchronize": lambda s: payloads.pull_request(
        s.hub, s.repository, s.pull, "synchronize", before=s.pull.base_sha
    ),
    "pull request labeled": lambda s: payloads.pull_request(
        s.hub, s.repository, s.pull, "labeled", label=s.repository.labels["bug"]
    ),
    "review": lambda s: payloads.pull_request_review(s.hub, s.repository, s.pull, review(s)),
    "issue": lambda s: payloads.issues(s.hub, s.repository, issue(s)),
    "issue labeled": lambda s: payloads.issues(
        s.hub, s.repository, issue(s), "labeled", label=s.repository.labels["bug"]
    ),
    "comment": lambda s: payloads.issue_comment(s.hub, s.repository, comment(s)),
    "comment edited": lambda s: payloads.issue_comment(s.hub, s.repository, comment(s), "edited", was="before"),
    "comment deleted": lambda s: payloads.issue_comment(s.hub, s.repository, comment(s), "deleted"),
    "merge group": lambda s: payloads.merge_group(s.hub, s.repository, s.pull),
    "merge group destroyed": lambda s: payloads.merge_group(s.hub, s.repository, s.pull, "destroyed"),
    "workflow dispatch": lambda s: payloads.workflow_dispatch(s.hub, s.repository, s.alice, inputs={"to": "x"}),
    "repository dispatch": lambda s: payloads.repository_dispatch(
        s.hub, s.repository, s.alice, event_type="deploy", client_payload={"to": "x"}
    ),
    "label": lambda s: payloads.label(s.hub, s.repository, s.repository.labels["bug"], s.alice),
    "check run": lambda s: payloads.check_run(s.hub, s.repository, run(s), s.alice),
    "button": lambda s: payloads.check_run(
        s.hub, s.repository, run(s), s.alice, "requested_action", identifier="cancel"
    ),
    "ping": lambda s: payloads.ping(s.hub, s.repository, s.alice),
}


@pytest.fixture
def described() -> Description:
    found = description()
    if found is None:
        pytest.skip("needs GitHub's description of its API (make github)")
    return found


@pytest.mark.parametrize("name", EVENTS)
def test_a_payload_is_as_described(scene: Scene, described: Description, name: str) -> None:
    event = EVENTS[name](scene)
    assert list(described.webhook(event.name, event.payload.get("action"), event.payload)) == []


def test_the_check_of_payloads_finds_what_is_missing(scene: Scene, described: Description) -> None:
    event = EVENTS["comment"](scene)
    del event.payload["comment"]["user"]
    (problem,) = described.webhook(event.name, "created", event.payload)
    assert '"user" is a required property' in problem
    (unknown,) = described.webhook("issue_comment", "shouted", event.payload)
    assert unknown == "GitHub's description has no webhook issue-comment-shouted"


def test_a_push_tells_its_commits(scene: Scene) -> None:
    payload = EVENTS["push"](scene).payload
    (commit,) = payload["commits"]
    assert (commit["id"], commit["author"]["username"]) == (scene.pull.head_sha, "alice")
    assert (commit["added"], commit["modified"], commit["removed"]) == (["new file.txt"], ["src/app.py"], [])
    assert (payload["created"], payload["forced"], payload["deleted"]) == (False, False, False)
    back = payloads.push(
        scene.hub, scene.repository, scene.alice, before=scene.pull.head_sha, after=scene.pull.base_sha
    )
    assert back.payload["forced"] is True


def test_a_comment_on_a_pull_request_has_no_head(scene: Scene) -> None:
    payload = EVENTS["comment"](scene).payload
    assert payload["issue"]["pull_request"]["url"].endswith("/pulls/1")
    assert scene.pull.head_sha not in json.dumps(payload)
    assert payload["installation"]["id"] == scene.installation.id
    assert payload["sender"]["login"] == "bob"


def test_a_delivery_is_signed(scene: Scene) -> None:
    delivery = payloads.delivered(EVENTS["ping"](scene), "secret", guid="guid-1")
    expected = hmac.new(b"secret", delivery.body, hashlib.sha256).hexdigest()
    assert delivery.headers["X-Hub-Signature-256"] == f"sha256={expected}"
    assert (delivery.headers["X-GitHub-Event"], delivery.headers["X-GitHub-Delivery"]) == ("ping", "guid-1")
