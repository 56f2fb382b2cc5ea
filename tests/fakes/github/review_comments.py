"""Comments on lines of a diff: https://docs.github.com/rest/pulls/comments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.github import pull_state, pulls
from tests.fakes.github.accounts import association, node_id, simple
from tests.fakes.github.diff_lines import DiffLine, lines_of
from tests.fakes.github.reactions import summary
from tests.fakes.github.refusals import not_found, unprocessable
from tests.fakes.github.repositories import page, root_of
from tests.fakes.github.routing import Answer, Call, page_of, route
from tests.fakes.github.state import PullRequest, Repository, Review, ReviewComment
from tests.fakes.github.texts import check_body
from tests.fakes.github.times import shown
from tests.fakes.github.urls import Urls

_OF_PULL = "/repos/{owner}/{repo}/pulls/{pull_number}/comments"
_ONE = "/repos/{owner}/{repo}/pulls/comments/{comment_id}"
_THREAD = "Pull request review thread"
_NO_HUNK = f"{_THREAD} diff hunk can't be blank"


def shown_review_comment(
    urls: Urls, repository: Repository, pull: PullRequest, comment: ReviewComment
) -> dict[str, Any]:
    """Its place is null once the line it speaks about is no longer in the diff."""
    root, web = root_of(urls, repository), page(urls, repository)
    address, about = f"{root}/pulls/comments/{comment.id}", f"{root}/pulls/{pull.number}"
    html = f"{web}/pull/{pull.number}#discussion_r{comment.id}"
    current = _current(repository, pull, comment)
    body = {
        "id": comment.id,
        "node_id": node_id("PRRC", comment.id),
        "url": address,
        "pull_request_review_id": comment.review.id,
        "diff_hunk": comment.diff_hunk,
        "path": comment.path,
        "position": current.position if current else None,
        "original_position": comment.position,
        "commit_id": pull.head_sha if current else comment.commit_id,
        "original_commit_id": comment.commit_id,
        "line": comment.line if current else None,
        "original_line": comment.line,
        "side": comment.side,
        "start_line": comment.start_line if current else None,
        "original_start_line": comment.start_line,
        "start_side": comment.start_side,
        "subject_type": "line",
        "user": simple(urls, comment.user),
        "body": comment.body,
        "created_at": shown(comment.created_at),
        "updated_at": shown(comment.updated_at),
        "html_url": html,
        "pull_request_url": about,
        "author_association": association(repository, comment.user),
        "_links": {"self": {"href": address}, "html": {"href": html}, "pull_request": {"href": about}},
        "reactions": summary(address, comment.reactions),
    }
    if comment.in_reply_to is not None:
        body["in_reply_to_id"] = comment.in_reply_to
    # GitHub's description wants integers where it itself answers null for comments on one line.
    return {key: value for key, value in body.items() if value is not None or key in ("position", "line")}


def _current(repository: Repository, pull: PullRequest, comment: ReviewComment) -> DiffLine | None:
    found = _lines(repository, pull, comment.path).get((comment.side, comment.line))
    return found if found is not None and found.text == comment.text else None


def _lines(repository: Repository, pull: PullRequest, path: str) -> Mapping[tuple[str, int], DiffLine]:
    files = {each.path: each for each in pull_state.facts(repository, pull).files}
    return lines_of(files[path].patch or "") if path in files else {}


def placed(call: Call, pull: PullRequest, review: Review, given: Mapping[str, Any]) -> ReviewComment:
    """A comment on a line, or on a position of the diff; refused where that is no part of it."""
    path, side = given.get("path", ""), given.get("side") or "RIGHT"
    lines = _lines(call.repository, pull, path)
    line, start = given.get("line"), given.get("start_line")
    if not lines:
        raise unprocessable(f"{_THREAD} path is invalid and {_NO_HUNK}")
    if line is None and given.get("position") is not None:
        by_position = {entry.position: key for key, entry in lines.items()}
        side, line = by_position.get(given["position"], (side, None))
    entry = lines.get((side, line)) if isinstance(line, int) else None
    start_side = given.get("start_side") or side
    first = entry if start is None else lines.get((start_side, start))
    problems = [] if entry else [f"{_THREAD} line must be part of the diff"]
    if start is not None and (entry is None or first is None or first.hunk != entry.hunk):
        problems.append(f"{_THREAD} start line must be part of the same hunk as the line.")
    if start is not None and line is not None and start_side == side and start >= line:
        problems.append(f"{_THREAD} start line must precede the end line.")
    if problems or entry is None or line is None:
        problems += [] if entry else [_NO_HUNK]
        raise unprocessable(_joined(problems))
    body = given.get("body") or ""
    check_body(body, "PullRequestReviewComment")
    if not body.strip():
        raise unprocessable("Pull request review comment body can't be blank")
    return ReviewComment(
        id=next(call.hub.state.ids),
        review=review,
        path=path,
        line=line,
        side=side,
        start_line=start,
        start_side=start_side if start is not None else None,
        body=body,
        diff_hunk=entry.before,
        text=entry.text,
        position=entry.position,
        user=call.actor,
        commit_id=review.commit_id,
        created_at=call.hub.now(),
        updated_at=call.hub.now(),
    )


def _joined(problems: list[str]) -> str:
    """As GitHub joins them in a sentence."""
    return " and ".join(problems) if len(problems) < 3 else f"{', '.join(problems[:-1])}, and {problems[-1]}"


def _all(pull: PullRequest) -> list[ReviewComment]:
    return [each for review in pull.reviews if review.state != "PENDING" for each in review.comments]


@route("GET", _OF_PULL, "pull_requests:read")
def listing(call: Call) -> Answer:
    pull = pulls.found(call)
    found = sorted(_all(pull), key=lambda each: each.id)
    return page_of(call, found, lambda each: shown_review_comment(call.urls, call.repository, pull, each))


@route("POST", _OF_PULL, "pull_requests:write", role="read", creates=True)
def create(call: Call) -> Answer:
    """One comment is a review of its own."""
    pull = pulls.found(call)
    call.given("commit_id", str, required=True)
    review = _alone(call, pull)
    comment = placed(call, pull, review, call.body)
    review.comments.append(comment)
    pull.reviews.append(review)
    return Answer(status=201, body=shown_review_comment(call.urls, call.repository, pull, comment))


def _alone(call: Call, pull: PullRequest) -> Review:
    return Review(
        id=next(call.hub.state.ids),
        user=call.actor,
        state="COMMENTED",
        body="",
        commit_id=call.given("commit_id", str, pull.head_sha),
        submitted_at=call.hub.now(),
    )


@route("POST", f"{_OF_PULL}/{{comment_id}}/replies", "pull_requests:write", role="read", creates=True)
def reply(call: Call) -> Answer:
    pull = pulls.found(call)
    first = next((each for each in _all(pull) if each.id == call.number("comment_id")), None)
    if first is None:
        raise not_found()
    review = _alone(call, pull)
    place = {"path": first.path, "line": first.line, "side": first.side, "body": call.given("body", str, required=True)}
    comment = placed(call, pull, review, place)
    comment.in_reply_to = first.in_reply_to or first.id
    review.comments.append(comment)
    pull.reviews.append(review)
    return Answer(status=201, body=shown_review_comment(call.urls, call.repository, pull, comment))


def _found(call: Call) -> tuple[PullRequest, ReviewComment]:
    for pull in call.repository.pulls.values():
        for comment in _all(pull):
            if comment.id == call.number("comment_id"):
                return pull, comment
    raise not_found()


@route("GET", _ONE, "pull_requests:read")
def one(call: Call) -> Answer:
    pull, comment = _found(call)
    return Answer(body=shown_review_comment(call.urls, call.repository, pull, comment))


@route("PATCH", _ONE, "pull_requests:write", role="read")
def edit(call: Call) -> Answer:
    pull, comment = _found(call)
    body = call.given("body", str, required=True)
    check_body(body, "PullRequestReviewComment")
    comment.body, comment.updated_at = body, call.hub.now()
    return Answer(body=shown_review_comment(call.urls, call.repository, pull, comment))
