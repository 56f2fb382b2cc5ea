"""Comments and reactions."""

from __future__ import annotations

import pytest
from github import GithubException

from tests.integration.github_standin.conftest import Scene


def test_comments_are_paged_in_their_order(scene: Scene) -> None:
    pull = scene.as_app.get_pull(1)
    for number in range(33):
        pull.create_issue_comment(f"comment {number}")
    comments = pull.get_issue_comments()
    assert [comment.body for comment in comments] == [f"comment {number}" for number in range(33)]
    assert comments.totalCount == 33
    assert len(scene.hub.sent("GET", "/issues/1/comments")) >= 2


def test_one_is_edited_in_place_and_taken_away(scene: Scene) -> None:
    issue = scene.as_app.get_issue(1)
    comment = issue.create_comment("before")
    comment.edit("after")
    assert issue.get_comment(comment.id).body == "after"
    assert comment.user.login == "mycelium-test[bot]"
    assert comment.raw_data["performed_via_github_app"]["slug"] == "mycelium-test"
    comment.delete()
    assert issue.get_comments().totalCount == 0


@pytest.mark.parametrize("edits", [False, True])
def test_one_of_65_536_characters_fits_and_no_longer_one(scene: Scene, edits: bool) -> None:
    issue = scene.as_app.get_issue(1)
    comment = issue.create_comment("ü" * 65_536)
    with pytest.raises(GithubException) as caught:
        (comment.edit if edits else issue.create_comment)("x" * 65_537)
    assert caught.value.status == 422
    (error,) = caught.value.data["errors"]
    assert error["message"] == "Body is too long (maximum is 65536 characters)"


def test_only_its_author_and_those_who_push_may_edit_one(scene: Scene) -> None:
    comment = scene.as_user(scene.alice).get_issue(1).create_comment("mine")
    with pytest.raises(GithubException) as caught:
        scene.as_user(scene.bob).get_issue(1).get_comment(comment.id).edit("yours")
    assert caught.value.status == 403
    scene.as_app.get_issue(1).get_comment(comment.id).edit("ours")


def test_a_reaction_counts_once_for_everybody(scene: Scene) -> None:
    comment = scene.as_user(scene.alice).get_issue(1).create_comment("/mycelium run")
    seen = scene.as_app.get_issue(1).get_comment(comment.id)
    first, second = seen.create_reaction("eyes"), seen.create_reaction("eyes")
    assert first.id == second.id
    assert [exchange.status for exchange in scene.hub.sent("POST", "/reactions")] == [201, 200]
    assert [(each.content, each.user.login) for each in seen.get_reactions()] == [("eyes", "mycelium-test[bot]")]
    assert seen.delete_reaction(first.id)
    assert seen.get_reactions().totalCount == 0


def test_with_pull_requests_alone_no_issue_is_written_to(scene: Scene) -> None:
    scene.as_user(scene.alice).create_issue("An issue")
    client = scene.seen_by(scene.hub.installation_token(scene.installation, permissions={"pull_requests": "write"}))
    client.get_issue(1).create_comment("on a pull request")
    with pytest.raises(GithubException) as caught:
        client.get_issue(2).create_comment("on an issue")
    assert caught.value.data["message"] == "Resource not accessible by integration"


def test_who_may_only_read_says_so_in_what_is_missing(scene: Scene) -> None:
    client = scene.seen_by(scene.hub.installation_token(scene.installation, permissions={"issues": "read"}))
    with pytest.raises(GithubException) as caught:
        client.get_issue(1).create_comment("hello")
    assert caught.value.status == 403
    assert caught.value.headers
    assert caught.value.headers["x-accepted-github-permissions"] == "issues=write; pull_requests=write"
