"""Repositories: https://docs.github.com/rest/repos/repos, and how they look inside of everything else."""

from __future__ import annotations

from typing import Any

from tests.fakes.github import access
from tests.fakes.github.accounts import node_id, simple
from tests.fakes.github.routing import Answer, Call, page_of, route
from tests.fakes.github.state import Account, Repository
from tests.fakes.github.times import shown
from tests.fakes.github.tokens import TokenKind
from tests.fakes.github.urls import Urls

_LINKS = {
    "archive_url": "{archive_format}{/ref}",
    "assignees_url": "assignees{/user}",
    "blobs_url": "git/blobs{/sha}",
    "branches_url": "branches{/branch}",
    "collaborators_url": "collaborators{/collaborator}",
    "comments_url": "comments{/number}",
    "commits_url": "commits{/sha}",
    "compare_url": "compare/{base}...{head}",
    "contents_url": "contents/{+path}",
    "contributors_url": "contributors",
    "deployments_url": "deployments",
    "downloads_url": "downloads",
    "events_url": "events",
    "forks_url": "forks",
    "git_commits_url": "git/commits{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "hooks_url": "hooks",
    "issue_comment_url": "issues/comments{/number}",
    "issue_events_url": "issues/events{/number}",
    "issues_url": "issues{/number}",
    "keys_url": "keys{/key_id}",
    "labels_url": "labels{/name}",
    "languages_url": "languages",
    "merges_url": "merges",
    "milestones_url": "milestones{/number}",
    "notifications_url": "notifications{?since,all,participating}",
    "pulls_url": "pulls{/number}",
    "releases_url": "releases{/id}",
    "stargazers_url": "stargazers",
    "statuses_url": "statuses/{sha}",
    "subscribers_url": "subscribers",
    "subscription_url": "subscription",
    "tags_url": "tags",
    "teams_url": "teams",
    "trees_url": "git/trees{/sha}",
}


def minimal(urls: Urls, repository: Repository) -> dict[str, Any]:
    """A repository as check suites and statuses hold it."""
    root = root_of(urls, repository)
    return {
        "id": repository.id,
        "node_id": node_id("R", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "owner": simple(urls, repository.owner),
        "html_url": page(urls, repository),
        "description": None,
        "fork": repository.fork_of is not None,
        "url": root,
        **{key: f"{root}/{rest}" for key, rest in _LINKS.items()},
    }


def usual(urls: Urls, repository: Repository) -> dict[str, Any]:
    """A repository as pull requests and webhooks hold it."""
    opened = sum(issue.state == "open" for issue in repository.issues.values())
    return {
        **minimal(urls, repository),
        "git_url": page(urls, repository).replace("http:", "git:", 1) + ".git",
        "ssh_url": f"git@127.0.0.1:{repository.full_name}.git",
        "clone_url": f"{page(urls, repository)}.git",
        "svn_url": page(urls, repository),
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "forks": 0,
        "forks_count": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "watchers": 0,
        "size": 1,
        "default_branch": repository.default_branch,
        "open_issues": opened,
        "open_issues_count": opened,
        "has_issues": repository.has_issues,
        "has_projects": True,
        "has_wiki": True,
        "has_pages": False,
        "has_downloads": True,
        "has_discussions": False,
        "archived": repository.archived,
        "disabled": False,
        "visibility": "private" if repository.private else "public",
        "topics": [],
        "is_template": False,
        "web_commit_signoff_required": False,
        "allow_forking": True,
        "pushed_at": shown(repository.created_at),
        "created_at": shown(repository.created_at),
        "updated_at": shown(repository.created_at),
    }


def full(urls: Urls, repository: Repository, asker: Account | None = None) -> dict[str, Any]:
    """A repository asked for by its name."""
    body = {
        **usual(urls, repository),
        "subscribers_count": 0,
        "network_count": 0,
        "allow_merge_commit": True,
        "allow_squash_merge": True,
        "allow_rebase_merge": True,
        "delete_branch_on_merge": False,
    }
    if repository.fork_of is not None:
        body["parent"] = body["source"] = usual(urls, repository.fork_of)
    if asker is not None:
        body["permissions"] = permissions(repository, asker)
    if repository.owner.kind == "Organization":
        body["organization"] = simple(urls, repository.owner)
    return body


def permissions(repository: Repository, account: Account) -> dict[str, bool]:
    """As the `permissions` of repositories and collaborators tell a role."""
    names = {"admin": "admin", "maintain": "maintain", "push": "write", "triage": "triage", "pull": "read"}
    return {name: access.has_role(repository, account, role) for name, role in names.items()}


def root_of(urls: Urls, repository: Repository) -> str:
    return f"{urls.api}/repos/{repository.full_name}"


def page(urls: Urls, repository: Repository) -> str:
    """Where people see it."""
    return f"{urls.web}/{repository.full_name}"


@route("GET", "/repos/{owner}/{repo}", "metadata:read")
def one(call: Call) -> Answer:
    asker = call.token.account if call.token and call.token.of_app is None else None
    return Answer(body=full(call.urls, call.repository, asker))


@route("GET", "/repos/{owner}/{repo}/actions/permissions/workflow", "administration:read", role="admin")
def workflow_permissions(call: Call) -> Answer:
    """What `GITHUB_TOKEN` may by default, and whether Actions may open pull requests."""
    return Answer(
        body={
            "default_workflow_permissions": call.repository.default_workflow_permissions,
            "can_approve_pull_request_reviews": call.repository.actions_may_open_pull_requests,
        }
    )


@route("GET", "/repos/{owner}/{repo}/actions/permissions", "administration:read", role="admin")
def actions_permissions(call: Call) -> Answer:
    return Answer(body={"enabled": True, "allowed_actions": "all"})


@route("GET", "/user/repos")
def mine(call: Call) -> Answer:
    visible = [each for each in call.hub.state.repositories.values() if each.owner is call.actor]
    return page_of(call, visible, lambda each: usual(call.urls, each))


def is_actions(call: Call) -> bool:
    return call.token is not None and call.token.kind is TokenKind.ACTIONS
