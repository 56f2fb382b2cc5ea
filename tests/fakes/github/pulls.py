"""Pull requests: https://docs.github.com/rest/pulls/pulls."""

from __future__ import annotations

from typing import Any

from tests.fakes.github import access, commits, pull_state
from tests.fakes.github.accounts import association, node_id, optional, simple
from tests.fakes.github.labels import shown_label
from tests.fakes.github.pull_state import Wanted
from tests.fakes.github.refusals import Refused, forbidden, invalid, not_found
from tests.fakes.github.repositories import is_actions, page, root_of, usual
from tests.fakes.github.routing import Answer, Call, page_of, route
from tests.fakes.github.scenery import person
from tests.fakes.github.state import PullRequest, Repository
from tests.fakes.github.teams import shown_team
from tests.fakes.github.texts import check_body
from tests.fakes.github.times import shown
from tests.fakes.github.urls import Urls

MOST_FILES = 3_000
"""As many changed files GitHub tells."""
FORBIDDEN_TO_ACTIONS = "GitHub Actions is not permitted to create or approve pull requests."


def simply(urls: Urls, repository: Repository, pull: PullRequest) -> dict[str, Any]:
    """A pull request in a list."""
    issue, root, web = pull.issue, root_of(urls, repository), page(urls, repository)
    address, about = f"{root}/pulls/{pull.number}", f"{root}/issues/{pull.number}"
    links = {
        "self": address,
        "html": f"{web}/pull/{pull.number}",
        "issue": about,
        "comments": f"{about}/comments",
        "review_comments": f"{address}/comments",
        "review_comment": f"{root}/pulls/comments{{/number}}",
        "commits": f"{address}/commits",
        "statuses": f"{root}/statuses/{pull.head_sha}",
    }
    return {
        "url": address,
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "html_url": links["html"],
        "diff_url": f"{links['html']}.diff",
        "patch_url": f"{links['html']}.patch",
        "issue_url": about,
        "number": pull.number,
        "state": issue.state,
        "locked": issue.locked,
        "title": issue.title,
        "user": simple(urls, issue.user),
        "body": issue.body,
        "created_at": shown(issue.created_at),
        "updated_at": shown(issue.updated_at),
        "closed_at": shown(issue.closed_at),
        "merged_at": shown(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": optional(urls, issue.assignees[0] if issue.assignees else None),
        "assignees": [simple(urls, each) for each in issue.assignees],
        "requested_reviewers": [simple(urls, each) for each in pull.requested_reviewers],
        "requested_teams": [shown_team(urls, repository.owner, each) for each in pull.requested_teams],
        "labels": [shown_label(urls, repository, each) for each in issue.labels],
        "milestone": None,
        "draft": pull.draft,
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": links["statuses"],
        "head": _end(urls, pull.head_repository, pull.head_owner.login, pull.head_ref, pull.head_sha, pull),
        "base": _end(urls, repository, repository.owner.login, pull.base_ref, pull.base_sha, pull),
        "_links": {name: {"href": link} for name, link in links.items()},
        "author_association": association(repository, issue.user),
        "auto_merge": None,
        "active_lock_reason": None,
    }


def _end(
    urls: Urls, repository: Repository | None, login: str, ref: str, sha: str, pull: PullRequest
) -> dict[str, Any]:
    owner = repository.owner if repository else pull.head_owner
    return {
        "label": f"{login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": simple(urls, owner),
        "repo": usual(urls, repository) if repository else None,
    }


def whole(urls: Urls, repository: Repository, pull: PullRequest, *, mergeable: bool | None) -> dict[str, Any]:
    """A pull request asked for by its number; `mergeable` is None while GitHub has not computed it."""
    facts = pull_state.facts(repository, pull)
    states = {None: "unknown", True: "draft" if pull.draft else "clean", False: "dirty"}
    return {
        **simply(urls, repository, pull),
        "merged": pull.merged,
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": states[mergeable],
        "merged_by": optional(urls, pull.merged_by),
        "comments": len(pull.issue.comments),
        "review_comments": sum(len(review.comments) for review in pull.reviews),
        "maintainer_can_modify": pull.maintainer_can_modify,
        "commits": facts.commits,
        "additions": sum(each.additions for each in facts.files),
        "deletions": sum(each.deletions for each in facts.files),
        "changed_files": len(facts.files),
    }


def found(call: Call, name: str = "pull_number") -> PullRequest:
    """The pull request that the path names, after whatever was pushed to it."""
    pull = call.repository.pulls.get(call.number(name))
    if pull is None:
        raise not_found()
    return pull_state.refreshed(call.hub, call.repository, pull)


def _mergeable(call: Call, pull: PullRequest) -> bool | None:
    if pull.issue.state != "open":
        return None
    if pull.unknown_for > 0:
        pull.unknown_for -= 1
        return None
    facts = pull_state.facts(call.repository, pull)
    pull.merge_commit_sha = pull_state.trial_merge(call.repository, pull, person(call.hub, pull.issue.user))
    return facts.tree is not None


def _whole(call: Call, pull: PullRequest) -> dict[str, Any]:
    mergeable = _mergeable(call, pull)
    return whole(call.urls, call.repository, pull, mergeable=mergeable)


@route("GET", "/repos/{owner}/{repo}/pulls", "pull_requests:read")
def listing(call: Call) -> Answer:
    query, repository = call.query, call.repository
    state, head, base = query.get("state", "open"), query.get("head", ""), query.get("base", "")
    pulls = [pull_state.refreshed(call.hub, repository, each) for each in repository.pulls.values()]
    chosen = [
        each
        for each in pulls
        if state in ("all", each.issue.state)
        and (":" not in head or f"{each.head_owner.login}:{each.head_ref}".lower() == head.lower())
        and (not base or each.base_ref == base)
    ]
    newest = {"updated": lambda each: each.issue.updated_at}.get(query.get("sort", ""), lambda each: each.number)
    descending = query.get("direction", "desc" if "sort" not in query or query["sort"] == "created" else "asc")
    chosen.sort(key=newest, reverse=descending == "desc")
    return page_of(call, chosen, lambda each: simply(call.urls, repository, each))


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}", "pull_requests:read")
def one(call: Call) -> Answer:
    pull = found(call)
    if "diff" in call.accept:
        base = pull_state.facts(call.repository, pull).merge_base
        text = call.repository.git.diff(base, pull.head_sha)
        return Answer(body=text.encode(), media_type="application/vnd.github.diff; charset=utf-8")
    return Answer(body=_whole(call, pull))


@route("POST", "/repos/{owner}/{repo}/pulls", "pull_requests:write", role="read", creates=True)
def create(call: Call) -> Answer:
    repository = call.repository
    title = call.given("title", str, required="issue" not in (call.body or {}))
    body = call.given("body", str)
    check_body(body, "Issue")
    if is_actions(call) and not repository.actions_may_open_pull_requests:
        raise forbidden(FORBIDDEN_TO_ACTIONS)
    login, colon, branch = call.given("head", str, required=True).rpartition(":")
    source = _source(call, login) if colon else repository
    if call.actor.kind != "Bot" and not access.has_role(source, call.actor, "write"):
        raise Refused(403, "must be a collaborator")
    if not title:
        raise invalid("PullRequest", "title", "missing_field")
    wanted = Wanted(
        head=branch,
        base=call.given("base", str, required=True),
        title=title,
        body=body,
        draft=call.given("draft", bool, False),
        source=source,
        maintainer_can_modify=call.given("maintainer_can_modify", bool, False),
    )
    pull = pull_state.opened(call.hub, repository, wanted, call.actor, call.token.of_app if call.token else None)
    address = f"{root_of(call.urls, repository)}/pulls/{pull.number}"
    return Answer(status=201, body=_whole(call, pull), headers={"Location": address})


def _source(call: Call, login: str) -> Repository:
    """The repository of a head given as `login:branch`: this one, or its fork."""
    if login.lower() == call.repository.owner.login.lower():
        return call.repository
    for each in call.hub.state.repositories.values():
        if each.fork_of is call.repository and each.owner.login.lower() == login.lower():
            return each
    raise invalid("PullRequest", "head")


@route("PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}", "pull_requests:write", role="read")
def edit(call: Call) -> Answer:
    pull, repository = found(call), call.repository
    own = call.actor is pull.issue.user or call.actor.kind == "Bot"
    if not own and not access.has_role(repository, call.actor, "write"):
        raise forbidden("Must have admin rights to Repository.")
    title, body = call.given("title", str), call.given("body", str)
    state, base = call.given("state", str), call.given("base", str)
    check_body(body, "Issue")
    if state not in (None, "open", "closed"):
        raise invalid("PullRequest", "state")
    if base is not None and repository.git.branch(base) is None:
        raise invalid("PullRequest", "base")
    issue = pull.issue
    issue.title = title or issue.title
    issue.body = body if body is not None else issue.body
    pull.base_ref = base or pull.base_ref
    if state and state != issue.state and not pull.merged:
        issue.state, closed = state, state == "closed"
        issue.closed_at, issue.closed_by = (call.hub.now(), call.actor) if closed else (None, None)
    issue.updated_at = call.hub.now()
    return Answer(body=_whole(call, pull_state.refreshed(call.hub, repository, pull)))


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files", "pull_requests:read")
def files(call: Call) -> Answer:
    pull = found(call)
    changed = list(pull_state.facts(call.repository, pull).files)[:MOST_FILES]
    return page_of(call, changed, lambda each: commits.file(call.urls, call.repository, each, pull.head_sha))


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/commits", "pull_requests:read")
def pull_commits(call: Call) -> Answer:
    pull, git = found(call), call.repository.git
    base = pull_state.facts(call.repository, pull).merge_base
    newest = git.commits(f"{base}..{pull.head_sha}", limit=250)[::-1]
    return page_of(call, newest, lambda each: commits.whole(call, call.repository, each))


@route("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", "pull_requests:read")
def of_commit(call: Call) -> Answer:
    """Those whose head holds the commit."""
    repository, sha = call.repository, commits.resolved(call.repository, call.params["commit_sha"])
    pulls = [pull_state.refreshed(call.hub, repository, each) for each in repository.pulls.values()]
    chosen = [
        each
        for each in pulls
        if repository.git.contains(sha, each.head_sha) and not repository.git.contains(sha, each.base_sha)
    ]
    return page_of(call, chosen, lambda each: simply(call.urls, repository, each))


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", "pull_requests:read")
def is_merged(call: Call) -> Answer:
    if not found(call).merged:
        raise not_found()
    return Answer(status=204)


@route("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", "contents:write")
def merge(call: Call) -> Answer:
    pull, repository = found(call), call.repository
    if pull.merged or pull.issue.state != "open" or pull.draft:
        raise Refused(405, "Pull Request is not mergeable")
    expected = call.given("sha", str)
    if expected and expected != pull.head_sha:
        raise Refused(409, "Head branch was modified. Review and try the merge again.")
    sha = pull_state.merged(call.hub, repository, pull, call.actor, call.given("merge_method", str, "merge"))
    if sha is None:
        raise Refused(405, "Pull Request is not mergeable")
    return Answer(body={"sha": sha, "merged": True, "message": "Pull Request successfully merged"})
