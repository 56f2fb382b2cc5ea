"""Commits, comparison and branches: https://docs.github.com/rest/commits/commits."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.fakes.github.accounts import node_id, simple
from tests.fakes.github.bare_git import CommitFacts, FileFacts, Person
from tests.fakes.github.refusals import Refused, not_found
from tests.fakes.github.repositories import page, root_of
from tests.fakes.github.routing import Answer, Call, page_of, paged, route
from tests.fakes.github.state import Repository
from tests.fakes.github.times import read, shown
from tests.fakes.github.urls import Urls

UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
MOST_FILES = 300
"""As many files a comparison tells."""


def resolved(repository: Repository, name: str) -> str:
    """The commit of a SHA, branch or tag, or GitHub's refusal."""
    sha = repository.git.commit_of(name)
    if sha is None:
        raise Refused(422, f"No commit found for SHA: {name}")
    return sha


def whole(call: Call, repository: Repository, facts: CommitFacts) -> dict[str, Any]:
    """A commit without its files."""
    root = root_of(call.urls, repository)
    return {
        "sha": facts.sha,
        "node_id": node_id("C", facts.sha),
        "commit": {
            "author": signature(facts.author),
            "committer": signature(facts.committer),
            "message": facts.message,
            "tree": {"sha": facts.tree, "url": f"{root}/git/trees/{facts.tree}"},
            "url": f"{root}/git/commits/{facts.sha}",
            "comment_count": 0,
            "verification": UNSIGNED,
        },
        "url": f"{root}/commits/{facts.sha}",
        "html_url": f"{page(call.urls, repository)}/commit/{facts.sha}",
        "comments_url": f"{root}/commits/{facts.sha}/comments",
        "author": _account(call, facts.author),
        "committer": _account(call, facts.committer),
        "parents": parents(call.urls, repository, facts, "commits"),
    }


def parents(urls: Urls, repository: Repository, facts: CommitFacts, under: str) -> list[dict[str, Any]]:
    root, web = root_of(urls, repository), page(urls, repository)
    return [{"sha": sha, "url": f"{root}/{under}/{sha}", "html_url": f"{web}/commit/{sha}"} for sha in facts.parents]


def signature(person: Person) -> dict[str, Any]:
    return {"name": person.name, "email": person.email, "date": shown(read(person.date))}


def _account(call: Call, person: Person) -> dict[str, Any] | None:
    """Whose address it is."""
    for account in call.hub.state.accounts.values():
        if account.email == person.email:
            return simple(call.urls, account)
    return None


def file(urls: Urls, repository: Repository, facts: FileFacts, at: str) -> dict[str, Any]:
    """A changed file, as pull requests and comparisons tell it."""
    web, path = page(urls, repository), quote(facts.path)
    entry = {
        "sha": facts.sha,
        "filename": facts.path,
        "status": facts.status,
        "additions": facts.additions,
        "deletions": facts.deletions,
        "changes": facts.additions + facts.deletions,
        "blob_url": f"{web}/blob/{at}/{path}",
        "raw_url": f"{web}/raw/{at}/{path}",
        "contents_url": f"{root_of(urls, repository)}/contents/{path}?ref={at}",
    }
    if facts.patch is not None:
        entry["patch"] = facts.patch
    if facts.previous is not None:
        entry["previous_filename"] = facts.previous
    return entry


@route("GET", "/repos/{owner}/{repo}/commits", "contents:read")
def listing(call: Call) -> Answer:
    repository, query = call.repository, call.query
    sha = repository.git.commit_of(query.get("sha") or repository.default_branch)
    if sha is None:
        raise not_found()
    paths = [query["path"]] if query.get("path") else []
    found = repository.git.commits(sha, limit=1_000, paths=paths)
    return page_of(call, found, lambda facts: whole(call, repository, facts))


@route("GET", "/repos/{owner}/{repo}/commits/{ref}", "contents:read")
def one(call: Call) -> Answer:
    repository = call.repository
    facts = repository.git.commit(resolved(repository, call.params["ref"]))
    parent = facts.parents[0] if facts.parents else repository.git.tree(None, {})
    files = repository.git.changes(parent, facts.sha)
    added, deleted = sum(each.additions for each in files), sum(each.deletions for each in files)
    body = whole(call, repository, facts)
    body["stats"] = {"additions": added, "deletions": deleted, "total": added + deleted}
    body["files"] = [file(call.urls, repository, each, facts.sha) for each in files[:MOST_FILES]]
    return Answer(body=body)


@route("GET", "/repos/{owner}/{repo}/compare/{basehead}", "contents:read")
def compare(call: Call) -> Answer:
    repository, git = call.repository, call.repository.git
    base_name, dots, head_name = call.params["basehead"].partition("...")
    base, head = git.commit_of(base_name), git.commit_of(_local(repository, head_name))
    if not dots or base is None or head is None:
        raise not_found()
    merge_base = git.merge_base(base, head)
    if merge_base is None:
        raise Refused(404, "No common ancestor between the two commits.")
    behind, ahead = git.counts(base, head)
    status = ("diverged" if behind else "ahead") if ahead else "behind" if behind else "identical"
    commits = git.commits(f"{merge_base}..{head}", limit=10_000)[::-1]
    asked = "page" in call.query or "per_page" in call.query
    chosen, headers = paged(call, commits) if asked else (commits[:250], {})
    address, web = f"{root_of(call.urls, repository)}/compare/{base_name}...{head_name}", page(call.urls, repository)
    body = {
        "url": address,
        "html_url": f"{web}/compare/{base_name}...{head_name}",
        "permalink_url": f"{web}/compare/{base[:7]}...{head[:7]}",
        "diff_url": f"{web}/compare/{base_name}...{head_name}.diff",
        "patch_url": f"{web}/compare/{base_name}...{head_name}.patch",
        "base_commit": whole(call, repository, git.commit(base)),
        "merge_base_commit": whole(call, repository, git.commit(merge_base)),
        "status": status,
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
        "commits": [whole(call, repository, each) for each in chosen],
    }
    if call.query.get("page", "1") == "1":
        files = git.changes(merge_base, head)[:MOST_FILES]
        body["files"] = [file(call.urls, repository, each, head) for each in files]
    return Answer(body=body, headers=headers)


def _local(repository: Repository, name: str) -> str:
    return name.removeprefix(f"{repository.owner.login}:")


@route("GET", "/repos/{owner}/{repo}/branches", "contents:read")
def branches(call: Call) -> Answer:
    found = sorted(call.repository.git.refs("refs/heads").items())
    return page_of(call, found, lambda entry: _branch(call, entry[0].removeprefix("refs/heads/"), entry[1]))


def _branch(call: Call, name: str, sha: str) -> dict[str, Any]:
    commit = {"sha": sha, "url": f"{root_of(call.urls, call.repository)}/commits/{sha}"}
    return {"name": name, "commit": commit, "protected": name in call.repository.protected_branches}


@route("GET", "/repos/{owner}/{repo}/branches/{branch}", "contents:read")
def branch(call: Call) -> Answer:
    repository, name = call.repository, call.params["branch"]
    sha = repository.git.branch(name)
    if sha is None:
        raise Refused(404, "Branch not found")
    root, protected = root_of(call.urls, repository), name in repository.protected_branches
    checks = {"enforcement_level": "off", "contexts": [], "checks": []}
    body = {
        "name": name,
        "commit": whole(call, repository, repository.git.commit(sha)),
        "_links": {
            "self": f"{root}/branches/{name}",
            "html": f"{page(call.urls, repository)}/tree/{name}",
        },
        "protected": protected,
        "protection": {"enabled": protected, "required_status_checks": checks},
        "protection_url": f"{root}/branches/{name}/protection",
    }
    return Answer(body=body)
