"""Reviews, and comments on lines."""

from __future__ import annotations

from typing import Any

import pytest
from github import GithubException

from tests.fakes.github.state import Team
from tests.integration.github_standin.conftest import Scene

OUTSIDE = (
    "Pull request review thread line must be part of the diff and Pull request review thread diff hunk can't be blank"
)


def why(caught: pytest.ExceptionInfo[GithubException]) -> str:
    assert (caught.value.status, caught.value.data["message"]) == (422, "Unprocessable Entity")
    (error,) = caught.value.data["errors"]
    return str(error)


def test_a_review_with_comments_on_both_sides(scene: Scene) -> None:
    pull = scene.as_app.get_pull(1)
    comments: list[Any] = [
        {"path": "src/app.py", "line": 2, "side": "RIGHT", "body": "```suggestion\ntwo\n```"},
        {"path": "src/app.py", "line": 2, "side": "LEFT", "body": "was better"},
        {"path": "src/app.py", "start_line": 1, "line": 3, "side": "RIGHT", "start_side": "RIGHT", "body": "all"},
        {"path": "new file.txt", "position": 1, "body": "by position"},
    ]
    review = pull.create_review(body="Some remarks", event="REQUEST_CHANGES", comments=comments)
    assert (review.state, review.user.login, review.commit_id) == (
        "CHANGES_REQUESTED",
        "mycelium-test[bot]",
        pull.head.sha,
    )
    places = [(each.path, each.side, each.line, each.position) for each in pull.get_review_comments()]
    assert places == [
        ("src/app.py", "RIGHT", 2, 3),
        ("src/app.py", "LEFT", 2, 2),
        ("src/app.py", "RIGHT", 3, 4),
        ("new file.txt", "RIGHT", 1, 1),
    ]
    assert [each.state for each in pull.get_reviews()] == ["CHANGES_REQUESTED"]
    review.dismiss("settled")
    assert [each.state for each in pull.get_reviews()] == ["DISMISSED"]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({"path": "src/app.py", "line": 4}, OUTSIDE),
        ({"path": "new file.txt", "line": 1, "side": "LEFT"}, OUTSIDE),
        (
            {"path": "README.md", "line": 1},
            "Pull request review thread path is invalid and Pull request review thread diff hunk can't be blank",
        ),
        (
            {"path": "src/app.py", "start_line": 3, "line": 3},
            "Pull request review thread start line must precede the end line.",
        ),
    ],
)
def test_one_bad_place_and_there_is_no_review_at_all(scene: Scene, place: dict[str, Any], message: str) -> None:
    pull = scene.as_app.get_pull(1)
    comments: list[Any] = [{"path": "src/app.py", "line": 2, "body": "fine"}, {"body": "not", **place}]
    with pytest.raises(GithubException) as caught:
        pull.create_review(body="x", event="COMMENT", comments=comments)
    assert why(caught) == message
    assert pull.get_reviews().totalCount == 0


def test_nobody_approves_their_own(scene: Scene) -> None:
    with pytest.raises(GithubException) as caught:
        scene.as_user(scene.alice).get_pull(1).create_review(event="APPROVE")
    assert why(caught) == "Can not approve your own pull request"
    assert scene.as_user(scene.bob).get_pull(1).create_review(event="APPROVE").state == "APPROVED"


def test_actions_approve_nothing_unless_the_repository_lets_them(scene: Scene) -> None:
    client = scene.seen_by(scene.hub.actions_token(scene.repository, {"pull_requests": "write"}))
    with pytest.raises(GithubException) as caught:
        client.get_pull(1).create_review(event="APPROVE")
    assert why(caught) == "GitHub Actions is not permitted to approve pull requests."
    scene.repository.actions_may_open_pull_requests = True
    assert client.get_pull(1).create_review(event="APPROVE").state == "APPROVED"


def test_a_comment_without_words_is_none(scene: Scene) -> None:
    with pytest.raises(GithubException) as caught:
        scene.as_app.get_pull(1).create_review(event="COMMENT")
    assert why(caught) == "Could not comment pull request review."


def test_a_pending_review_is_its_author_s_alone(scene: Scene) -> None:
    mine = scene.as_user(scene.bob).get_pull(1)
    review = mine.create_review(body="not yet")
    assert review.raw_data["state"] == "PENDING"
    assert scene.as_app.get_pull(1).get_reviews().totalCount == 0
    with pytest.raises(GithubException) as caught:
        mine.create_review(body="once more")
    assert why(caught) == "User can only have one pending review per pull request"


def test_a_comment_is_outdated_once_its_line_is_gone(scene: Scene) -> None:
    pull = scene.as_app.get_pull(1)
    pull.create_review_comment("why?", scene.as_app.get_commit(pull.head.sha), "src/app.py", line=2)
    scene.hub.commit(scene.repository, {"src/app.py": "one\nzwei\nthree\n"}, branch="topic")
    (comment,) = scene.as_app.get_pull(1).get_review_comments()
    assert (comment.raw_data["line"], comment.raw_data["position"], comment.original_line) == (None, None, 2)


def test_a_review_is_for_a_commit_of_the_pull_request(scene: Scene) -> None:
    elsewhere = scene.as_app.get_commit("main")
    with pytest.raises(GithubException) as caught:
        scene.as_app.get_pull(1).create_review(commit=elsewhere, body="x", event="COMMENT")
    assert why(caught) == "Commit not part of pull request"


def test_an_author_is_not_asked_to_review(scene: Scene) -> None:
    pull = scene.as_app.get_pull(1)
    with pytest.raises(GithubException) as caught:
        pull.create_review_request(reviewers=["alice"])
    assert caught.value.data["message"] == "Review cannot be requested from pull request author."
    pull.create_review_request(reviewers=["bob"])
    scene.repository.owner.teams["core"] = Team(id=7, slug="core", repositories={"acme/widgets": "read"})
    pull.create_review_request(team_reviewers=["core"])
    with pytest.raises(GithubException) as caught:
        pull.create_review_request(team_reviewers=["nobody"])
    assert "is not a collaborator of the acme/widgets repository" in caught.value.data["message"]
    users, teams = scene.as_app.get_pull(1).get_review_requests()
    assert ([each.login for each in users], [each.slug for each in teams]) == (["bob"], ["core"])
