"""Reviews of pull requests: https://docs.github.com/rest/pulls/reviews."""

from __future__ import annotations

from typing import Any

from tests.fakes.github import pulls
from tests.fakes.github.accounts import association, node_id, simple
from tests.fakes.github.refusals import Refused, not_found, unprocessable
from tests.fakes.github.repositories import is_actions, page, root_of
from tests.fakes.github.review_comments import placed, shown_review_comment
from tests.fakes.github.routing import Answer, Call, page_of, route
from tests.fakes.github.state import PullRequest, Repository, Review
from tests.fakes.github.texts import check_body
from tests.fakes.github.times import shown
from tests.fakes.github.urls import Urls

STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
_VERBS = {"APPROVE": "approve", "REQUEST_CHANGES": "request changes on"}
_ONE = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}"
_ALL = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews"


def shown_review(urls: Urls, repository: Repository, pull: PullRequest, review: Review) -> dict[str, Any]:
    address = f"{root_of(urls, repository)}/pulls/{pull.number}"
    web = f"{page(urls, repository)}/pull/{pull.number}#pullrequestreview-{review.id}"
    body = {
        "id": review.id,
        "node_id": node_id("PRR", review.id),
        "user": simple(urls, review.user),
        "body": review.body,
        "state": review.state,
        "html_url": web,
        "pull_request_url": address,
        "_links": {"html": {"href": web}, "pull_request": {"href": address}},
        "commit_id": review.commit_id,
        "author_association": association(repository, review.user),
    }
    if review.submitted_at is not None:
        body["submitted_at"] = shown(review.submitted_at)
    return body


def _answer(call: Call, pull: PullRequest, review: Review) -> Answer:
    return Answer(body=shown_review(call.urls, call.repository, pull, review))


def _found(call: Call, pull: PullRequest) -> Review:
    review = next((each for each in pull.reviews if each.id == call.number("review_id")), None)
    if review is None or (review.state == "PENDING" and review.user is not call.actor):
        raise not_found()
    return review


@route("GET", _ALL, "pull_requests:read")
def listing(call: Call) -> Answer:
    """Oldest first; a review that is not submitted is seen by its author alone."""
    pull, actor = pulls.found(call), call.token.account if call.token else None
    seen = [each for each in pull.reviews if each.state != "PENDING" or each.user is actor]
    return page_of(call, seen, lambda each: shown_review(call.urls, call.repository, pull, each))


@route("GET", _ONE, "pull_requests:read")
def one(call: Call) -> Answer:
    pull = pulls.found(call)
    return _answer(call, pull, _found(call, pull))


@route("POST", _ALL, "pull_requests:write", role="read", creates=True)
def create(call: Call) -> Answer:
    """All or nothing: one bad comment, and there is no review."""
    pull = pulls.found(call)
    event, body = call.given("event", str), call.given("body", str, "")
    given = call.given("comments", list, [])
    check_body(body, "PullRequestReview")
    commit_id = call.given("commit_id", str, pull.head_sha)
    if not _in_pull(call.repository, pull, commit_id):
        raise unprocessable("Commit not part of pull request")
    if event is None and any(each.user is call.actor and each.state == "PENDING" for each in pull.reviews):
        raise unprocessable("User can only have one pending review per pull request")
    _check_event(call, pull, event, body, has_comments=bool(given))
    review = Review(
        id=next(call.hub.state.ids),
        user=call.actor,
        state=STATES.get(event or "", "PENDING"),
        body=body,
        commit_id=commit_id,
        submitted_at=call.hub.now() if event else None,
    )
    review.comments = [placed(call, pull, review, comment) for comment in given]
    pull.reviews.append(review)
    return _answer(call, pull, review)


def _in_pull(repository: Repository, pull: PullRequest, sha: str) -> bool:
    git = repository.git
    return git.commit_of(sha) == sha and git.contains(sha, pull.head_sha) and not git.contains(sha, pull.base_sha)


def _check_event(call: Call, pull: PullRequest, event: str | None, body: str, *, has_comments: bool) -> None:
    if event is not None and event not in STATES:
        raise Refused(422, f"Variable $event of type PullRequestReviewEvent was provided invalid value {event}")
    if event == "APPROVE" and is_actions(call) and not call.repository.actions_may_open_pull_requests:
        raise unprocessable("GitHub Actions is not permitted to approve pull requests.")
    if event in _VERBS and call.actor is pull.issue.user:
        raise unprocessable(f"Can not {_VERBS[event]} your own pull request")
    if event in ("COMMENT", "REQUEST_CHANGES") and not body and not has_comments:
        verb = "comment" if event == "COMMENT" else "request changes"
        raise unprocessable(f"Could not {verb} pull request review.")


@route("POST", f"{_ONE}/events", "pull_requests:write", role="read", creates=True)
def submit(call: Call) -> Answer:
    pull = pulls.found(call)
    review = _found(call, pull)
    event, body = call.given("event", str, required=True), call.given("body", str, review.body)
    if review.state != "PENDING":
        raise unprocessable("Can not submit a review that is not pending")
    check_body(body, "PullRequestReview")
    _check_event(call, pull, event, body, has_comments=bool(review.comments))
    review.state, review.body, review.submitted_at = STATES[event], body, call.hub.now()
    return _answer(call, pull, review)


@route("PUT", _ONE, "pull_requests:write", role="read")
def edit(call: Call) -> Answer:
    pull = pulls.found(call)
    review, body = _found(call, pull), call.given("body", str, required=True)
    check_body(body, "PullRequestReview")
    review.body = body
    return _answer(call, pull, review)


@route("DELETE", _ONE, "pull_requests:write", role="read")
def delete(call: Call) -> Answer:
    pull = pulls.found(call)
    review = _found(call, pull)
    if review.state != "PENDING":
        raise unprocessable("Can not delete a non-pending pull request review")
    pull.reviews.remove(review)
    return _answer(call, pull, review)


@route("PUT", f"{_ONE}/dismissals", "pull_requests:write")
def dismiss(call: Call) -> Answer:
    pull = pulls.found(call)
    review = _found(call, pull)
    call.given("message", str, required=True)
    if review.state not in ("APPROVED", "CHANGES_REQUESTED"):
        raise unprocessable("Can not dismiss a commented pull request review")
    review.state = "DISMISSED"
    return _answer(call, pull, review)


@route("GET", f"{_ONE}/comments", "pull_requests:read")
def comments(call: Call) -> Answer:
    pull = pulls.found(call)
    found = _found(call, pull).comments
    return page_of(call, found, lambda each: shown_review_comment(call.urls, call.repository, pull, each))
