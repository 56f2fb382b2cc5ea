"""Payloads of webhooks, built from what a stand-in holds: https://docs.github.com/webhooks/webhook-events-and-payloads.

Each function returns an `Event`; `delivered` makes of it what GitHub would POST.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.github import checks, pull_state, pulls, reviews
from tests.fakes.github.accounts import node_id, simple
from tests.fakes.github.apps import shown_app
from tests.fakes.github.bare_git import NOTHING, CommitFacts
from tests.fakes.github.comments import shown_comment
from tests.fakes.github.exchange import PREFIX
from tests.fakes.github.issues import shown_issue
from tests.fakes.github.labels import shown_label
from tests.fakes.github.repositories import page, usual
from tests.fakes.github.standin import GitHubStandIn
from tests.fakes.github.state import Account, CheckRun, Comment, Label, PullRequest, Repository, Review
from tests.fakes.github.times import read, shown
from tests.fakes.github.urls import Urls


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """`name` is what `X-GitHub-Event` says."""

    name: str
    payload: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """An event on its way."""

    headers: Mapping[str, str]
    body: bytes


def delivered(event: Event, secret: str, *, guid: str = "") -> Delivery:
    """Signed with the secret, under a new GUID unless one is given."""
    body = json.dumps(event.payload, ensure_ascii=False).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/0000000",
        "X-GitHub-Event": event.name,
        "X-GitHub-Delivery": guid or str(uuid.uuid4()),
        "X-GitHub-Hook-ID": "1",
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    return Delivery(headers=headers, body=body)


def push(
    hub: GitHubStandIn,
    repository: Repository,
    by: Account,
    *,
    ref: str = "refs/heads/main",
    before: str = "",
    after: str | None = None,
) -> Event:
    """`before` empty: the ref is new. `after` is what it points at now unless given; `NOTHING`: it was deleted."""
    git, web = repository.git, page(_urls(hub), repository)
    new = after if after is not None else git.ref(ref) or NOTHING
    old, deleted = before or NOTHING, new == NOTHING
    since = [f"{old}..{new}"] if old != NOTHING else [new, "--max-count=1"]
    commits = [] if deleted else [_pushed(hub, repository, each) for each in git.commits(*since, limit=2_048)[::-1]]
    body = {
        "ref": ref,
        "before": old,
        "after": new,
        "base_ref": None,
        "created": old == NOTHING,
        "deleted": deleted,
        "forced": NOTHING not in (old, new) and not git.contains(old, new),
        "compare": f"{web}/compare/{old[:12]}...{new[:12]}",
        "commits": commits,
        "head_commit": None if deleted else _pushed(hub, repository, git.commit(new)),
        "pusher": {"name": by.login, "email": by.email},
    }
    event = _event(hub, repository, by, "push", body)
    event.payload["repository"] |= _as_pushed(repository)
    return event


def _as_pushed(repository: Repository) -> dict[str, Any]:
    """In this event alone, times of the repository are numbers."""
    moment = int(repository.created_at.timestamp())
    names = {"master_branch": repository.default_branch, "stargazers": 0}
    return {"created_at": moment, "pushed_at": moment, **names}


def _pushed(hub: GitHubStandIn, repository: Repository, facts: CommitFacts) -> dict[str, Any]:
    parent = facts.parents[0] if facts.parents else repository.git.tree(None, {})
    changes = repository.git.changes(parent, facts.sha)
    body = _commit(facts)
    by_address = {account.email: account.login for account in hub.state.accounts.values()}
    for role in ("author", "committer"):
        if body[role]["email"] in by_address:
            body[role]["username"] = by_address[body[role]["email"]]
    return {
        **body,
        "distinct": True,
        "url": f"{page(_urls(hub), repository)}/commit/{facts.sha}",
        "added": [each.path for each in changes if each.status == "added"],
        "removed": [each.path for each in changes if each.status == "removed"],
        "modified": [each.path for each in changes if each.status not in ("added", "removed")],
    }


def _commit(facts: CommitFacts) -> dict[str, Any]:
    return {
        "id": facts.sha,
        "tree_id": facts.tree,
        "message": facts.message,
        "timestamp": shown(read(facts.author.date)),
        "author": {"name": facts.author.name, "email": facts.author.email},
        "committer": {"name": facts.committer.name, "email": facts.committer.email},
    }


def pull_request(
    hub: GitHubStandIn,
    repository: Repository,
    pull: PullRequest,
    action: str = "opened",
    *,
    by: Account | None = None,
    label: Label | None = None,
    before: str = "",
) -> Event:
    """`label` is for `labeled` and `unlabeled`; `before` (a SHA) for `synchronize`."""
    pull_state.refreshed(hub, repository, pull)
    whole = pulls.whole(_urls(hub), repository, pull, mergeable=None)
    body: dict[str, Any] = {"action": action, "number": pull.number, "pull_request": whole}
    if label is not None:
        body["label"] = shown_label(_urls(hub), repository, label)
    if action == "synchronize":
        body |= {"before": before, "after": pull.head_sha}
    if action == "edited":
        body["changes"] = {"title": {"from": "Before"}}
    return _event(hub, repository, by or pull.issue.user, "pull_request", body)


def pull_request_review(
    hub: GitHubStandIn, repository: Repository, pull: PullRequest, review: Review, action: str = "submitted"
) -> Event:
    """Its state is in small letters here."""
    shown_now = reviews.shown_review(_urls(hub), repository, pull, review)
    body = {
        "action": action,
        "review": {**shown_now, "state": review.state.lower(), "submitted_at": shown(review.submitted_at)},
        "pull_request": pulls.simply(_urls(hub), repository, pull),
    }
    return _event(hub, repository, review.user, "pull_request_review", body)


def issues(
    hub: GitHubStandIn,
    repository: Repository,
    number: int,
    action: str = "opened",
    *,
    by: Account | None = None,
    label: Label | None = None,
) -> Event:
    issue = repository.issues[number]
    body: dict[str, Any] = {"action": action, "issue": shown_issue(_urls(hub), repository, issue)}
    if label is not None:
        body["label"] = shown_label(_urls(hub), repository, label)
    return _event(hub, repository, by or issue.user, "issues", body)


def issue_comment(
    hub: GitHubStandIn,
    repository: Repository,
    comment: Comment,
    action: str = "created",
    *,
    by: Account | None = None,
    was: str = "",
) -> Event:
    """Also of pull requests: then the issue has `pull_request`, and no head. `was` is the body before an edit."""
    issue = repository.issues[comment.number]
    body: dict[str, Any] = {
        "action": action,
        "issue": shown_issue(_urls(hub), repository, issue),
        "comment": shown_comment(_urls(hub), repository, comment),
    }
    if action == "edited":
        body["changes"] = {"body": {"from": was}}
    return _event(hub, repository, by or comment.user, "issue_comment", body)


def merge_group(
    hub: GitHubStandIn, repository: Repository, pull: PullRequest, action: str = "checks_requested"
) -> Event:
    """A queue's branch with the pull request merged into the base, which comes into being here."""
    tree = pull_state.facts(repository, pull).tree
    assert tree is not None, "the pull request conflicts with its base"
    git, author = repository.git, repository.git.commit(pull.head_sha).author
    text = f"Merge pull request #{pull.number}"
    sha = git.commit_tree(tree, [pull.base_sha, pull.head_sha], text, author, author)
    head = f"refs/heads/gh-readonly-queue/{pull.base_ref}/pr-{pull.number}-{pull.base_sha}"
    git.set_ref(head, sha)
    body: dict[str, Any] = {
        "action": action,
        "merge_group": {
            "head_sha": sha,
            "head_ref": head,
            "base_sha": pull.base_sha,
            "base_ref": f"refs/heads/{pull.base_ref}",
            "head_commit": _commit(git.commit(sha)),
        },
    }
    if action == "destroyed":
        body["reason"] = "merged"
    return _event(hub, repository, pull.issue.user, "merge_group", body)


def workflow_dispatch(
    hub: GitHubStandIn,
    repository: Repository,
    by: Account,
    *,
    workflow: str = ".github/workflows/mycelium.yml",
    ref: str = "refs/heads/main",
    inputs: Mapping[str, str] | None = None,
) -> Event:
    body = {"workflow": workflow, "ref": ref, "inputs": dict(inputs) if inputs is not None else None}
    return _event(hub, repository, by, "workflow_dispatch", body)


def repository_dispatch(
    hub: GitHubStandIn,
    repository: Repository,
    by: Account,
    *,
    event_type: str,
    client_payload: Mapping[str, Any] | None = None,
) -> Event:
    body = {
        "action": event_type,
        "branch": repository.default_branch,
        "client_payload": dict(client_payload) if client_payload is not None else None,
    }
    return _event(hub, repository, by, "repository_dispatch", body)


def label(hub: GitHubStandIn, repository: Repository, of: Label, by: Account, action: str = "created") -> Event:
    body = {"action": action, "label": shown_label(_urls(hub), repository, of)}
    return _event(hub, repository, by, "label", body)


def check_run(
    hub: GitHubStandIn,
    repository: Repository,
    run: CheckRun,
    by: Account,
    action: str = "rerequested",
    *,
    identifier: str = "",
) -> Event:
    """What only the App that made the run is told; `identifier` is the button's, for `requested_action`."""
    shown_now = checks.shown_run(_urls(hub), repository, run)
    runs = [each for each in repository.check_runs.values() if each.suite is run.suite]
    status, conclusion = checks.suite_result(runs)
    shown_now["check_suite"] = {
        "id": run.suite.id,
        "node_id": node_id("CS", run.suite.id),
        "head_branch": run.suite.head_branch,
        "head_sha": run.head_sha,
        "status": status,
        "conclusion": conclusion,
        "url": f"{_urls(hub).api}/repos/{repository.full_name}/check-suites/{run.suite.id}",
        "before": None,
        "after": run.head_sha,
        "pull_requests": shown_now["pull_requests"],
        "app": shown_app(_urls(hub), run.suite.app),
        "created_at": shown(run.suite.created_at),
        "updated_at": shown(run.suite.updated_at),
    }
    body: dict[str, Any] = {"action": action, "check_run": shown_now}
    if action == "requested_action":
        body["requested_action"] = {"identifier": identifier}
    return _event(hub, repository, by, "check_run", body)


def ping(hub: GitHubStandIn, repository: Repository, by: Account) -> Event:
    hook = {
        "type": "Repository",
        "id": 1,
        "name": "web",
        "active": True,
        "events": ["*"],
        "config": {"content_type": "json", "insecure_ssl": "0", "url": "https://example.org/webhooks/github"},
        "updated_at": shown(hub.now()),
        "created_at": shown(hub.now()),
    }
    return _event(hub, repository, by, "ping", {"zen": "Keep it logically awesome.", "hook_id": 1, "hook": hook})


def _urls(hub: GitHubStandIn) -> Urls:
    return Urls(web=hub.url, prefix=PREFIX)


def _event(hub: GitHubStandIn, repository: Repository, by: Account, name: str, body: dict[str, Any]) -> Event:
    """With what every payload has: the repository, its organisation, the App's installation, and who did it."""
    urls = _urls(hub)
    common: dict[str, Any] = {"repository": usual(urls, repository), "sender": simple(urls, by)}
    if repository.owner.kind == "Organization":
        common["organization"] = _organization(urls, repository.owner)
    for installation in hub.state.installations.values():
        if installation.covers(repository):
            common["installation"] = {"id": installation.id, "node_id": node_id("I", installation.id)}
    return Event(name=name, payload={**body, **common})


def _organization(urls: Urls, organization: Account) -> dict[str, Any]:
    address = f"{urls.api}/orgs/{organization.login}"
    return {
        "login": organization.login,
        "id": organization.id,
        "node_id": node_id("O", organization.id),
        "url": address,
        "repos_url": f"{address}/repos",
        "events_url": f"{address}/events",
        "hooks_url": f"{address}/hooks",
        "issues_url": f"{address}/issues",
        "members_url": f"{address}/members{{/member}}",
        "public_members_url": f"{address}/public_members{{/member}}",
        "avatar_url": f"{urls.web}/avatars/u/{organization.id}",
        "description": None,
    }
