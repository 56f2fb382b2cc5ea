"""Commit statuses: https://docs.github.com/rest/commits/statuses."""

from __future__ import annotations

from typing import Any

from tests.fakes.github import commits
from tests.fakes.github.accounts import node_id, simple
from tests.fakes.github.refusals import Refused, invalid
from tests.fakes.github.repositories import minimal, root_of
from tests.fakes.github.routing import Answer, Call, page_of, paged, route
from tests.fakes.github.state import Repository, Status
from tests.fakes.github.times import shown
from tests.fakes.github.urls import Urls

STATES = ("error", "failure", "pending", "success")
_OF_COMMIT = "/repos/{owner}/{repo}/commits/{ref}/statuses"
MOST = 1_000
"""Statuses of one commit and context."""
MOST_CHARACTERS = {"description": 140, "context": 255}


def _simply(urls: Urls, repository: Repository, status: Status) -> dict[str, Any]:
    return {
        "url": f"{root_of(urls, repository)}/statuses/{status.sha}",
        "avatar_url": simple(urls, status.creator)["avatar_url"],
        "id": status.id,
        "node_id": node_id("SC", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": shown(status.created_at),
        "updated_at": shown(status.created_at),
    }


def shown_status(urls: Urls, repository: Repository, status: Status) -> dict[str, Any]:
    return {**_simply(urls, repository, status), "creator": simple(urls, status.creator)}


@route("POST", "/repos/{owner}/{repo}/statuses/{sha}", "statuses:write", creates=True)
def create(call: Call) -> Answer:
    repository, sha = call.repository, call.params["sha"]
    state, context = call.given("state", str, required=True), call.given("context", str, "default")
    description = call.given("description", str)
    if state not in STATES:
        raise invalid("Status", "state", "custom", f"state is not included in the list: {', '.join(STATES)}")
    for name, text in (("description", description), ("context", context)):
        if len(text or "") > MOST_CHARACTERS[name]:
            problem = f"{name} is too long (maximum is {MOST_CHARACTERS[name]} characters)"
            raise invalid("Status", name, "custom", problem)
    if repository.git.commit_of(sha) != sha:
        raise Refused(422, f"No commit found for SHA: {sha}")
    if len(_of(repository, sha, context)) >= MOST:
        raise Refused(
            422,
            "Validation Failed",
            errors=[
                {
                    "resource": "Status",
                    "code": "custom",
                    "message": "This SHA and context has reached the maximum number of statuses.",
                }
            ],
        )
    status = Status(
        id=next(call.hub.state.ids),
        sha=sha,
        state=state,
        context=context,
        description=description,
        target_url=call.given("target_url", str),
        creator=call.actor,
        created_at=call.hub.now(),
    )
    repository.statuses.append(status)
    answer = shown_status(call.urls, repository, status)
    return Answer(status=201, body=answer, headers={"Location": answer["url"]})


def _of(repository: Repository, sha: str, context: str | None = None) -> list[Status]:
    """Newest first; contexts are the same whatever their case."""
    return [
        each
        for each in reversed(repository.statuses)
        if each.sha == sha and (context is None or each.context.lower() == context.lower())
    ]


@route("GET", "/repos/{owner}/{repo}/statuses/{ref}", "statuses:read", legacy=_OF_COMMIT)
@route("GET", _OF_COMMIT, "statuses:read")
def listing(call: Call) -> Answer:
    sha = commits.resolved(call.repository, call.params["ref"])
    return page_of(call, _of(call.repository, sha), lambda each: shown_status(call.urls, call.repository, each))


@route("GET", "/repos/{owner}/{repo}/commits/{ref}/status", "statuses:read")
def combined(call: Call) -> Answer:
    """The newest of every context, and what they come to together."""
    repository, sha = call.repository, commits.resolved(call.repository, call.params["ref"])
    newest: dict[str, Status] = {}
    for each in _of(repository, sha):
        newest.setdefault(each.context.lower(), each)
    states = {each.state for each in newest.values()}
    failed = states & {"error", "failure"}
    chosen, headers = paged(call, list(newest.values()))
    root = root_of(call.urls, repository)
    body = {
        "state": "failure" if failed else "success" if states == {"success"} else "pending",
        "statuses": [_simply(call.urls, repository, each) for each in chosen],
        "sha": sha,
        "total_count": len(newest),
        "repository": minimal(call.urls, repository),
        "commit_url": f"{root}/commits/{sha}",
        "url": f"{root}/commits/{sha}/status",
    }
    return Answer(body=body, headers=headers)
