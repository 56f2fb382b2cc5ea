"""Issues: https://docs.github.com/rest/issues/issues. Every pull request is one too."""

from __future__ import annotations

from typing import Any

from tests.fakes.github import access
from tests.fakes.github.accounts import association, node_id, optional, simple
from tests.fakes.github.apps import shown_app
from tests.fakes.github.labels import OF_ISSUES, by_issues, found_issue, shown_label, used
from tests.fakes.github.reactions import summary
from tests.fakes.github.refusals import Refused, forbidden, invalid
from tests.fakes.github.repositories import page, root_of, usual
from tests.fakes.github.routing import Answer, Call, page_of, route
from tests.fakes.github.state import Issue, Repository
from tests.fakes.github.texts import check_body
from tests.fakes.github.times import read, shown
from tests.fakes.github.urls import Urls


def shown_issue(urls: Urls, repository: Repository, issue: Issue) -> dict[str, Any]:
    root, web = root_of(urls, repository), page(urls, repository)
    address, pull = f"{root}/issues/{issue.number}", repository.pulls.get(issue.number)
    body = {
        "id": issue.id,
        "node_id": node_id("I", issue.id),
        "url": address,
        "repository_url": root,
        "labels_url": f"{address}/labels{{/name}}",
        "comments_url": f"{address}/comments",
        "events_url": f"{address}/events",
        "html_url": f"{web}/{'pull' if pull else 'issues'}/{issue.number}",
        "number": issue.number,
        "state": issue.state,
        "state_reason": issue.state_reason,
        "title": issue.title,
        "body": issue.body,
        "user": simple(urls, issue.user),
        "labels": [shown_label(urls, repository, each) for each in issue.labels],
        "assignee": optional(urls, issue.assignees[0] if issue.assignees else None),
        "assignees": [simple(urls, each) for each in issue.assignees],
        "milestone": None,
        "locked": issue.locked,
        "active_lock_reason": None,
        "comments": len(issue.comments),
        "closed_at": shown(issue.closed_at),
        "created_at": shown(issue.created_at),
        "updated_at": shown(issue.updated_at),
        "author_association": association(repository, issue.user),
        "performed_via_github_app": shown_app(urls, issue.app) if issue.app else None,
        "reactions": summary(address, issue.reactions),
    }
    if pull:
        body["draft"] = pull.draft
        body["pull_request"] = {
            "url": f"{root}/pulls/{issue.number}",
            "html_url": body["html_url"],
            "diff_url": f"{body['html_url']}.diff",
            "patch_url": f"{body['html_url']}.patch",
            "merged_at": shown(pull.merged_at),
        }
    return body


def _whole(call: Call, issue: Issue) -> dict[str, Any]:
    return {
        **shown_issue(call.urls, call.repository, issue),
        "closed_by": optional(call.urls, issue.closed_by),
        "repository": usual(call.urls, call.repository),
    }


@route("GET", "/repos/{owner}/{repo}/issues", "issues:read", "pull_requests:read")
def listing(call: Call) -> Answer:
    """Pull requests among them, newest first unless asked otherwise."""
    query = call.query
    state, labels = query.get("state", "open"), [name for name in query.get("labels", "").split(",") if name]
    since, creator = read(query.get("since")), query.get("creator")
    chosen = [
        each
        for each in call.repository.issues.values()
        if state in ("all", each.state)
        and {name.lower() for name in labels} <= {label.name.lower() for label in each.labels}
        and (since is None or each.updated_at >= since)
        and creator in (None, each.user.login)
    ]
    by_update = query.get("sort") == "updated"
    chosen.sort(key=lambda each: (each.updated_at if by_update else each.created_at, each.number))
    if query.get("direction", "desc") == "desc":
        chosen.reverse()
    return page_of(call, chosen, lambda each: shown_issue(call.urls, call.repository, each))


@route("GET", "/repos/{owner}/{repo}/issues/{issue_number}", "issues:read", "pull_requests:read")
def one(call: Call) -> Answer:
    return Answer(body=_whole(call, found_issue(call)))


@route("POST", "/repos/{owner}/{repo}/issues", "issues:write", role="read", creates=True)
def create(call: Call) -> Answer:
    repository = call.repository
    if not repository.has_issues:
        raise Refused(410, "Issues has been disabled in this repository.")
    title, body = call.given("title", (str, int), required=True), call.given("body", str)
    check_body(body, "Issue")
    if not str(title).strip():
        raise invalid("Issue", "title", "missing_field")
    names = call.given("labels", list, [])
    by_app = call.token is not None and call.token.of_app is not None
    # Who may not label opens the issue all the same, without labels.
    may_label = by_app or access.has_role(repository, call.actor, "triage")
    number = next(repository.numbers)
    issue = Issue(
        id=next(call.hub.state.ids),
        number=number,
        title=str(title),
        body=body,
        user=call.actor,
        created_at=call.hub.now(),
        updated_at=call.hub.now(),
        labels=used(call, names) if may_label else [],
        app=call.token.of_app if call.token else None,
    )
    repository.issues[number] = issue
    answer = _whole(call, issue)
    return Answer(status=201, body=answer, headers={"Location": answer["url"]})


@route("PATCH", "/repos/{owner}/{repo}/issues/{issue_number}", *OF_ISSUES, role="read")
def edit(call: Call) -> Answer:
    issue, repository = found_issue(call), call.repository
    by_issues(call, issue)
    own = call.actor is issue.user or (call.token is not None and call.token.of_app is not None)
    if not own and not access.has_role(repository, call.actor, "triage"):
        raise forbidden("Must have admin rights to Repository.")
    body, state = call.given("body", str), call.given("state", str)
    check_body(body, "Issue")
    if state not in (None, "open", "closed"):
        raise invalid("Issue", "state")
    issue.title = call.given("title", (str, int), issue.title)
    issue.body = body if body is not None else issue.body
    if (names := call.given("labels", list)) is not None:
        issue.labels = used(call, names)
    if state and state != issue.state:
        issue.state = state
        issue.closed_at, issue.closed_by = (call.hub.now(), call.actor) if state == "closed" else (None, None)
        issue.state_reason = call.given("state_reason", str, "completed" if state == "closed" else "reopened")
    issue.updated_at = call.hub.now()
    return Answer(body=_whole(call, issue))
