"""Commit statuses."""

from __future__ import annotations

import pytest
from github import GithubException

from tests.fakes.github.state import Status
from tests.integration.github_standin.conftest import Scene


def test_the_newest_of_a_context_counts(scene: Scene) -> None:
    commit = scene.as_user(scene.alice).get_commit(scene.pull.head_sha)
    assert commit.get_combined_status().state == "pending"
    commit.create_status("pending", context="mycelium/review", description="3 of 8 nodes", target_url="https://a.b/1")
    commit.create_status("success", context="Mycelium/Review")
    commit.create_status("success")
    combined = commit.get_combined_status()
    assert (combined.state, combined.total_count) == ("success", 2)
    assert [each.state for each in commit.get_statuses()] == ["success", "success", "pending"]
    commit.create_status("error", context="other")
    assert commit.get_combined_status().state == "failure"


def test_a_commit_and_context_have_a_thousand(scene: Scene) -> None:
    sha = scene.pull.head_sha
    scene.repository.statuses += [
        Status(
            id=number,
            sha=sha,
            state="pending",
            context="c",
            description=None,
            target_url=None,
            creator=scene.alice,
            created_at=scene.hub.now(),
        )
        for number in range(999)
    ]
    commit = scene.as_app.get_commit(sha)
    commit.create_status("success", context="c")
    with pytest.raises(GithubException) as caught:
        commit.create_status("success", context="C")
    (error,) = caught.value.data["errors"]
    assert error["message"] == "This SHA and context has reached the maximum number of statuses."
    commit.create_status("success", context="another")


def test_who_may_not_push_sets_none(scene: Scene) -> None:
    with pytest.raises(GithubException) as caught:
        scene.as_user(scene.bob).get_commit(scene.pull.head_sha).create_status("success")
    assert caught.value.status == 403
    with pytest.raises(GithubException) as caught:
        scene.as_app.get_commit(scene.pull.head_sha).create_status("success", description="x" * 141)
    assert caught.value.data["errors"][0]["message"] == "description is too long (maximum is 140 characters)"
