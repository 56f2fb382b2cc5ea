"""What a webhook's payload says, as far as triggers, trust and commands ask for it.

A payload is data of others, saved ones may be anything at all: what has not the type that GitHub documents counts as
missing, and nothing is raised. https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from orchestrator.definition.model import JsonValue

BRANCH, TAG = "refs/heads/", "refs/tags/"
_CHECKED = ("check_run", "check_suite")
_WRITTEN = {
    ("pull_request_review", "submitted"): "review",
    ("issues", "opened"): "issue",
    ("pull_request", "opened"): "pull_request",
}
_NOBODY_ID = 0
_MOST_COMMITS = 20
"""A payload with as many may have left others out: https://docs.github.com/en/webhooks/webhook-events-and-payloads#push"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Who did it; `kind` is GitHub's `type`: User, Bot, Organization or Mannequin. No id is 0.

    The login is for people to read and for asking the permission API: it says nothing of what somebody is.
    """

    id: int = _NOBODY_ID
    login: str = ""
    kind: str = ""

    @property
    def is_person(self) -> bool:
        return self.kind == "User" and not self.login.endswith("[bot]")


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequestState:
    """A pull request at the time of the event. `head_repository` is empty where the fork was deleted."""

    number: int
    author: Account = Account()
    draft: bool = False
    closed: bool = False
    head_sha: str = ""
    head_ref: str = ""
    head_repository: str = ""
    base_sha: str = ""
    base_ref: str = ""
    base_repository: str = ""

    @property
    def from_fork(self) -> bool:
        """Repositories' names are told apart as GitHub does, ignoring case; unknown ones are a fork's."""
        head, base = self.head_repository.lower(), self.base_repository.lower()
        return not head or head != base


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A comment."""

    id: int
    body: str
    author: Account


@dataclass(frozen=True, kw_only=True, slots=True)
class Pressed:
    """A button of a check run, or GitHub's own "Re-run", where `button` is empty; `app` is the slug of its app.

    `commit` is set for "Re-run all checks", which is about all that the app says of it.
    """

    app: str
    external_id: str = ""
    button: str = ""
    commit: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One event. `name` is GitHub's, `number` that of the issue or pull request it belongs to.

    `written` is what the sender wrote with it: a review that was submitted, an issue or pull request that was opened.
    `label` is the one that a `labeled` event is about, `labels` are all that the issue or pull request has. `ref` is
    full, as `refs/heads/main`; `gone` says that a push deleted it. `after` is the commit that was pushed, that of an
    annotated tag the one it marks. `touched` are the files that the commits of a push name, None where the payload does
    not tell all commits.
    """

    name: str
    action: str = ""
    sender: Account = Account()
    repository: str = ""
    default_branch: str = ""
    number: int | None = None
    on_pull_request: bool = False
    pull_request: PullRequestState | None = None
    comment: Said | None = None
    pressed: Pressed | None = None
    written: str = ""
    label: str = ""
    labels: tuple[str, ...] = ()
    ref: str = ""
    before: str = ""
    after: str = ""
    gone: bool = False
    touched: tuple[str, ...] | None = None

    def pinned(self, pull_request: PullRequestState) -> Event:
        """The event with the pull request that it belongs to, as it is now."""
        return replace(self, pull_request=pull_request, number=pull_request.number, on_pull_request=True)


def read_event(name: str, payload: Mapping[str, JsonValue]) -> Event:
    """The event that `payload` tells of; `name` is the one in the delivery's header."""
    subject = _map(payload, "pull_request") or _map(payload, "issue")
    repository = _map(payload, "repository")
    group = _map(payload, "merge_group")
    pull_request = pull_request_of(payload)
    return Event(
        name=name,
        action=_text(payload, "action"),
        sender=_account(_map(payload, "sender")),
        repository=_text(repository, "full_name"),
        default_branch=_text(repository, "default_branch"),
        number=pull_request.number if pull_request else _number(subject, "number"),
        on_pull_request=pull_request is not None or bool(_map(subject, "pull_request")),
        pull_request=pull_request,
        comment=_comment(_map(payload, "comment")),
        pressed=_pressed(payload) if name in _CHECKED else None,
        written=_written(name, payload),
        label=_text(_map(payload, "label"), "name"),
        labels=tuple(filter(None, (_text(label, "name") for label in _maps(subject, "labels")))),
        ref=_text(payload, "ref") or _text(group, "base_ref"),
        before=_text(payload, "before") or _text(group, "base_sha"),
        after=_marked(payload) or _text(payload, "after") or _text(group, "head_sha"),
        gone=payload.get("deleted") is True,
        touched=_touched(payload) if name == "push" else None,
    )


def pull_request_of(payload: Mapping[str, JsonValue]) -> PullRequestState | None:
    """The pull request that a payload carries, or that was pinned to it."""
    found = _map(payload, "pull_request")
    number = _number(found, "number")
    if number is None:
        return None
    head, base = _map(found, "head"), _map(found, "base")
    return PullRequestState(
        number=number,
        author=_account(_map(found, "user")),
        draft=found.get("draft") is True,
        closed=found.get("state") == "closed",
        head_sha=_text(head, "sha"),
        head_ref=_text(head, "ref"),
        head_repository=_text(_map(head, "repo"), "full_name"),
        base_sha=_text(base, "sha"),
        base_ref=_text(base, "ref"),
        base_repository=_text(_map(base, "repo"), "full_name"),
    )


def as_payload(state: PullRequestState) -> dict[str, JsonValue]:
    """`pull_request` of a payload, for events that do not carry it; `pull_request_of` reads it back."""
    return {
        "number": state.number,
        "draft": state.draft,
        "state": "closed" if state.closed else "open",
        "user": {"id": state.author.id, "login": state.author.login, "type": state.author.kind},
        "head": {"sha": state.head_sha, "ref": state.head_ref, "repo": {"full_name": state.head_repository}},
        "base": {"sha": state.base_sha, "ref": state.base_ref, "repo": {"full_name": state.base_repository}},
    }


def from_fork(payload: Mapping[str, JsonValue]) -> bool:
    """Whether the event is about a pull request whose head lies in another repository."""
    found = pull_request_of(payload)
    return found is not None and found.from_fork


def _comment(found: Mapping[str, JsonValue]) -> Said | None:
    number = _number(found, "id")
    if number is None:
        return None
    return Said(id=number, body=_text(found, "body"), author=_account(_map(found, "user")))


def _pressed(payload: Mapping[str, JsonValue]) -> Pressed | None:
    check, button = _map(payload, "check_run"), _map(payload, "requested_action")
    if payload.get("action") not in ("requested_action", "rerequested"):
        return None
    if suite := _map(payload, "check_suite"):
        return Pressed(app=_text(_map(suite, "app"), "slug"), commit=_text(suite, "head_sha"))
    return Pressed(
        app=_text(_map(check, "app"), "slug"),
        external_id=_text(check, "external_id"),
        button=_text(button, "identifier"),
    )


def _written(name: str, payload: Mapping[str, JsonValue]) -> str:
    subject = _WRITTEN.get((name, _text(payload, "action")))
    return _text(_map(payload, subject), "body") if subject else ""


def _account(found: Mapping[str, JsonValue]) -> Account:
    return Account(
        id=_number(found, "id") or _NOBODY_ID,
        login=_text(found, "login"),
        kind=_text(found, "type"),
    )


def _marked(payload: Mapping[str, JsonValue]) -> str:
    """The commit of a pushed tag: what an annotated one points at is none.

    https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
    """
    return _text(_map(payload, "head_commit"), "id") if _text(payload, "ref").startswith(TAG) else ""


def _touched(payload: Mapping[str, JsonValue]) -> tuple[str, ...] | None:
    """None where it does not tell them all: of many commits some are left out, and Actions leaves out the files."""
    commits = _maps(payload, "commits")
    ids = {_text(commit, "id") for commit in commits}
    if _text(payload, "after") not in ids or len(commits) >= _MOST_COMMITS:
        return None
    names: dict[str, None] = {}
    for commit in commits:
        for kind in ("added", "modified", "removed"):
            if kind not in commit:
                return None
            listed = commit[kind]
            if isinstance(listed, list):
                names.update((name, None) for name in listed if isinstance(name, str))
    return tuple(names)


def _map(found: Mapping[str, JsonValue], key: str) -> Mapping[str, JsonValue]:
    value = found.get(key)
    return value if isinstance(value, dict) else {}


def _maps(found: Mapping[str, JsonValue], key: str) -> list[Mapping[str, JsonValue]]:
    value = found.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(found: Mapping[str, JsonValue], key: str) -> str:
    value = found.get(key)
    return value if isinstance(value, str) else ""


def _number(found: Mapping[str, JsonValue], key: str) -> int | None:
    value = found.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
