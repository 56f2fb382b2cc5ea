"""Labels of a repository and of its issues: https://docs.github.com/rest/issues/labels."""

from __future__ import annotations

from typing import Any

from tests.fakes.github import access
from tests.fakes.github.accounts import node_id
from tests.fakes.github.refusals import Refused, ill_formed, invalid, not_found
from tests.fakes.github.repositories import root_of
from tests.fakes.github.routing import Answer, Call, page_of, route
from tests.fakes.github.state import Issue, Label, Repository
from tests.fakes.github.urls import Urls

OF_ISSUES = ("issues:write", "pull_requests:write")
MOST_NAME = 50
"""Characters in a label's name."""


def shown_label(urls: Urls, repository: Repository, label: Label) -> dict[str, Any]:
    return {
        "id": label.id,
        "node_id": node_id("LA", label.id),
        "url": f"{root_of(urls, repository)}/labels/{label.name.replace(' ', '%20')}",
        "name": label.name,
        "color": label.color,
        "default": label.name in ("bug", "documentation", "enhancement", "question"),
        "description": label.description,
    }


def known(repository: Repository, name: str) -> Label | None:
    """Found whatever its case."""
    return next((each for each in repository.labels.values() if each.name.lower() == name.lower()), None)


def used(call: Call, names: list[Any]) -> list[Label]:
    """The labels of these names; one that the repository does not have comes into being."""
    repository, found = call.repository, []
    for entry in names:
        name = entry.get("name") if isinstance(entry, dict) else entry
        if not isinstance(name, str):
            raise ill_formed(f"For 'items', {entry!r} is not a string.")
        label = known(repository, name)
        if label is None:
            label = _made(call, name, "ededed", None)
        if label not in found:
            found.append(label)
    return found


def _made(call: Call, name: str, color: str, description: str | None) -> Label:
    if not name or len(name) > MOST_NAME:
        raise invalid("Label", "name")
    label = Label(id=next(call.hub.state.ids), name=name, color=color, description=description)
    call.repository.labels[name] = label
    return label


def may_label(call: Call, issue: Issue) -> None:
    """Users need triage; Apps the permission for what the number is."""
    by_issues(call, issue)
    if call.token and call.token.of_app is None and not access.has_role(call.repository, call.actor, "triage"):
        raise Refused(403, "Must have admin rights to Repository.")


def by_issues(call: Call, issue: Issue) -> None:
    """Who may write to pull requests alone has no say in issues."""
    token = call.token
    if token is None or token.kind == "classic" or access.permits(token, "issues:write"):
        return
    if issue.number not in call.repository.pulls:
        by = "personal access token" if token.kind == "fine-grained" else "integration"
        raise Refused(403, f"Resource not accessible by {by}")


def found_issue(call: Call, name: str = "issue_number") -> Issue:
    issue = call.repository.issues.get(call.number(name))
    if issue is None:
        raise not_found()
    return issue


def _listed(call: Call, issue: Issue) -> list[dict[str, Any]]:
    return [shown_label(call.urls, call.repository, each) for each in issue.labels]


def _names(call: Call) -> list[Any]:
    """The body is an object with `labels`, or the list itself."""
    given = call.body.get("labels", []) if isinstance(call.body, dict) else call.body or []
    if not isinstance(given, list):
        raise ill_formed(f"For 'properties/labels', {given!r} is not an array.")
    return given


@route("GET", "/repos/{owner}/{repo}/labels", "issues:read", "pull_requests:read")
def listing(call: Call) -> Answer:
    labels = sorted(call.repository.labels.values(), key=lambda each: each.name.lower())
    return page_of(call, labels, lambda each: shown_label(call.urls, call.repository, each))


@route("POST", "/repos/{owner}/{repo}/labels", *OF_ISSUES)
def create(call: Call) -> Answer:
    name = call.given("name", str, required=True)
    if known(call.repository, name):
        raise invalid("Label", "name", "already_exists")
    label = _made(call, name, call.given("color", str, "ededed"), call.given("description", str))
    return Answer(status=201, body=shown_label(call.urls, call.repository, label))


@route("GET", "/repos/{owner}/{repo}/labels/{name}", "issues:read", "pull_requests:read")
def one(call: Call) -> Answer:
    label = known(call.repository, call.params["name"])
    if label is None:
        raise not_found()
    return Answer(body=shown_label(call.urls, call.repository, label))


@route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/labels", "issues:read", "pull_requests:read")
def of_issue(call: Call) -> Answer:
    issue = found_issue(call)
    return page_of(call, issue.labels, lambda each: shown_label(call.urls, call.repository, each))


@route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels", *OF_ISSUES, role="read")
def add(call: Call) -> Answer:
    issue = found_issue(call)
    may_label(call, issue)
    issue.labels += [each for each in used(call, _names(call)) if each not in issue.labels]
    return Answer(body=_listed(call, issue))


@route("PUT", "/repos/{owner}/{repo}/issues/{issue_number}/labels", *OF_ISSUES, role="read")
def replace(call: Call) -> Answer:
    issue = found_issue(call)
    may_label(call, issue)
    issue.labels = used(call, _names(call))
    return Answer(body=_listed(call, issue))


@route("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels", *OF_ISSUES, role="read")
def clear(call: Call) -> Answer:
    issue = found_issue(call)
    may_label(call, issue)
    issue.labels = []
    return Answer(status=204)


@route("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", *OF_ISSUES, role="read")
def remove(call: Call) -> Answer:
    issue = found_issue(call)
    may_label(call, issue)
    label = known(call.repository, call.params["name"])
    if label not in issue.labels:
        raise Refused(404, "Label does not exist")
    issue.labels = [each for each in issue.labels if each is not label]
    return Answer(body=_listed(call, issue))
