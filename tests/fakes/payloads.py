"""Payloads of webhooks as GitHub sends them, cut down to what anybody here reads."""

from __future__ import annotations

from typing import Any

REPOSITORY = "octo-org/garden"
FORK = "stranger/garden"
HEAD, BASE = "a" * 40, "b" * 40

Payload = dict[str, Any]


def account(login: str = "octocat", number: int = 1, kind: str = "User") -> Payload:
    return {"id": number, "login": login, "type": kind}


def pull_request(number: int = 7, *, head: str = HEAD, fork: bool = False, **keys: Any) -> Payload:
    """`pull_request` of a payload; `author`, `labels`, `draft`, `base_ref` and `head_ref` as given."""
    return {
        "number": number,
        "draft": keys.get("draft", False),
        "user": keys.get("author", account()),
        "labels": [{"name": name} for name in keys.get("labels", ())],
        "head": {
            "sha": head,
            "ref": keys.get("head_ref", "feature"),
            "repo": {"full_name": FORK if fork else REPOSITORY},
        },
        "base": {"sha": BASE, "ref": keys.get("base_ref", "main"), "repo": {"full_name": REPOSITORY}},
    }


def payload(action: str = "", *, sender: Payload | None = None, **keys: Any) -> Payload:
    """What all payloads have, and `keys`."""
    common = {
        "sender": sender or account(),
        "repository": {"full_name": REPOSITORY, "default_branch": "main"},
    }
    return {**({"action": action} if action else {}), **common, **keys}


def opened(action: str = "opened", *, sender: Payload | None = None, label: str = "", **keys: Any) -> Payload:
    """A `pull_request` event."""
    extra = {"label": {"name": label}} if label else {}
    return payload(action, sender=sender, pull_request=pull_request(**keys), **extra)


def commented(body: str, *, action: str = "created", number: int = 7, on: str = "pull_request", **keys: Any) -> Payload:
    """An `issue_comment` event, on a pull request or an issue; `sender`, `association` and `comment_id` as given."""
    author = keys.get("sender") or account()
    issue: Payload = {"number": number, "labels": [], "user": account()}
    if on == "pull_request":
        issue["pull_request"] = {"url": f"https://api.example/pulls/{number}"}
    comment = {
        "id": keys.get("comment_id", 501),
        "body": body,
        "user": author,
        "author_association": keys.get("association", "NONE"),
    }
    return payload(action, sender=author, issue=issue, comment=comment)


def pushed(ref: str = "refs/heads/main", *files: str, **keys: Any) -> Payload:
    """A `push` of one commit that touches `files`."""
    after = keys.get("after", HEAD)
    commit = {"id": after, "added": [], "removed": [], "modified": list(files)}
    return payload(
        ref=ref,
        before=BASE,
        after=after,
        deleted=keys.get("deleted", False),
        commits=[commit],
        sender=keys.get("sender"),
    )
