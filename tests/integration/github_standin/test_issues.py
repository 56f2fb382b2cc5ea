"""Issues and labels."""

from __future__ import annotations

import pytest
from github import GithubException

from tests.integration.github_standin.conftest import Scene


def test_a_label_comes_into_being_when_it_is_used(scene: Scene) -> None:
    issue = scene.as_app.create_issue("Flaky test", body="Sometimes", labels=["bug", "from mycelium"])
    assert [label.name for label in issue.labels] == ["bug", "from mycelium"]
    assert {label.name for label in scene.as_app.get_labels()} >= {"bug", "from mycelium", "question"}
    pull = scene.as_app.get_pull(1)
    pull.add_to_labels("BUG", "later")
    assert [label.name for label in scene.as_app.get_pull(1).labels] == ["bug", "later"]
    pull.remove_from_labels("later")
    with pytest.raises(GithubException) as caught:
        pull.remove_from_labels("later")
    assert (caught.value.status, caught.value.data["message"]) == (404, "Label does not exist")
    with pytest.raises(GithubException) as caught:
        pull.add_to_labels("l" * 51)
    assert caught.value.status == 422


def test_issues_are_found_by_label_and_state_with_pull_requests_among_them(scene: Scene) -> None:
    first = scene.as_app.create_issue("One", labels=["mycelium"])
    scene.as_app.create_issue("Two", labels=["mycelium"]).edit(state="closed", state_reason="not_planned")
    assert [issue.number for issue in scene.as_app.get_issues(labels=["mycelium"])] == [first.number]
    assert [issue.number for issue in scene.as_app.get_issues(labels=["mycelium"], state="all")] == [3, 2]
    kinds = [(issue.number, issue.pull_request is not None) for issue in scene.as_app.get_issues(state="all")]
    assert kinds == [(3, False), (2, False), (1, True)]


def test_who_may_only_read_opens_an_issue_without_labels(scene: Scene) -> None:
    client = scene.as_user(scene.bob)
    issue = client.create_issue("Mine", labels=["bug"])
    assert issue.labels == []
    with pytest.raises(GithubException) as caught:
        issue.add_to_labels("bug")
    assert caught.value.status == 403
    issue.edit(title="Still mine")
    with pytest.raises(GithubException) as caught:
        client.get_issue(1).edit(title="Not mine")
    assert caught.value.status == 403


def test_issues_may_be_switched_off(scene: Scene) -> None:
    scene.repository.has_issues = False
    with pytest.raises(GithubException) as caught:
        scene.as_app.create_issue("x")
    assert (caught.value.status, caught.value.data["message"]) == (410, "Issues has been disabled in this repository.")


def test_a_locked_one_takes_comments_from_those_who_push(scene: Scene) -> None:
    scene.pull.issue.locked = True
    with pytest.raises(GithubException) as caught:
        scene.as_user(scene.bob).get_issue(1).create_comment("hello")
    assert caught.value.status == 403
    scene.as_user(scene.alice).get_issue(1).create_comment("hello")
