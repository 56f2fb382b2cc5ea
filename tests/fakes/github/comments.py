"""Comments on issues and pull requests: https://docs.github.com/rest/issues/comments."""

from __future__ import annotations

from typing import Any

from tests.fakes.github import access
from tests.fakes.github.accounts import association, node_id, simple
from tests.fakes.github.apps import shown_app
from tests.fakes.github.labels import OF_ISSUES, by_issues, found_issue
from tests.fakes.github.reactions import summary
from tests.fakes.github.refusals import Refused, forbidden, invalid, not_found
from tests.fakes.github.repositories import page, root_of
from tests.fakes.github.routing import Answer, Call, page_of, route
from tests.fakes.github.state import Comment, Issue, Repository
from tests.fakes.github.texts import check_body
from tests.fakes.github.times import read, shown
from tests.fakes.github.urls import Urls


def shown_comment(urls: Urls, repository: Repository, comment: Comment) -> dict[str, Any]:
    root = root_of(urls, repository)
    kind = "pull" if comment.number in repository.pulls else "issues"
    address = f"{root}/issues/comments/{comment.id}"
    return {
        "id": comment.id,
        "node_id": node_id("IC", comment.id),
        "url": address,
        "html_url": f"{page(urls, repository)}/{kind}/{comment.number}#issuecomment-{comment.id}",
        "issue_url": f"{root}/issues/{comment.number}",
        "body": comment.body,
        "user": simple(urls, comment.user),
        "created_at": shown(comment.created_at),
        "updated_at": shown(comment.updated_at),
        "author_association": association(repository, comment.user),
        "performed_via_github_app": shown_app(urls, comment.app) if comment.app else None,
        "reactions": summary(address, comment.reactions),
    }


def found(call: Call) -> tuple[Issue, Comment]:
    identity = call.number("comment_id")
    for issue in call.repository.issues.values():
        if identity in issue.comments:
            return issue, issue.comments[identity]
    raise not_found()


@route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", "issues:read", "pull_requests:read")
def of_issue(call: Call) -> Answer:
    since = read(call.query.get("since"))
    comments = [each for each in found_issue(call).comments.values() if since is None or each.updated_at >= since]
    return page_of(call, comments, lambda each: shown_comment(call.urls, call.repository, each))


@route("GET", "/repos/{owner}/{repo}/issues/comments", "issues:read", "pull_requests:read")
def of_repository(call: Call) -> Answer:
    comments = [each for issue in call.repository.issues.values() for each in issue.comments.values()]
    comments.sort(key=lambda each: each.id, reverse=call.query.get("direction") == "desc")
    return page_of(call, comments, lambda each: shown_comment(call.urls, call.repository, each))


@route("GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}", "issues:read", "pull_requests:read")
def one(call: Call) -> Answer:
    return Answer(body=shown_comment(call.urls, call.repository, found(call)[1]))


@route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", *OF_ISSUES, role="read", creates=True)
def create(call: Call) -> Answer:
    issue = found_issue(call)
    by_issues(call, issue)
    if issue.locked and not access.has_role(call.repository, call.actor, "write"):
        raise forbidden("Unable to create comment because issue is locked.")
    comment = Comment(
        id=next(call.hub.state.ids),
        number=issue.number,
        user=call.actor,
        body=_body(call),
        created_at=call.hub.now(),
        updated_at=call.hub.now(),
        app=call.token.of_app if call.token else None,
    )
    issue.comments[comment.id] = comment
    shown_now = shown_comment(call.urls, call.repository, comment)
    return Answer(status=201, body=shown_now, headers={"Location": shown_now["url"]})


@route("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}", *OF_ISSUES, role="read")
def edit(call: Call) -> Answer:
    issue, comment = found(call)
    _may_change(call, issue, comment)
    comment.body, comment.updated_at = _body(call), call.hub.now()
    return Answer(body=shown_comment(call.urls, call.repository, comment))


@route("DELETE", "/repos/{owner}/{repo}/issues/comments/{comment_id}", *OF_ISSUES, role="read")
def delete(call: Call) -> Answer:
    issue, comment = found(call)
    _may_change(call, issue, comment)
    del issue.comments[comment.id]
    return Answer(status=204)


def _body(call: Call) -> str:
    body = call.given("body", str, required=True)
    check_body(body, "IssueComment")
    if not body.strip():
        raise invalid("IssueComment", "body", "missing_field")
    return str(body)


def _may_change(call: Call, issue: Issue, comment: Comment) -> None:
    by_issues(call, issue)
    if comment.user is call.actor or (call.token and call.token.of_app):
        return
    if not access.has_role(call.repository, call.actor, "write"):
        raise Refused(403, "Must have admin rights to Repository.")
