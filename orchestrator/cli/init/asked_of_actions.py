"""What workflows ask of GitHub Actions: the events that have to start a job, and what its token has to be allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.definition.matching import DEFAULT_TYPES
from orchestrator.definition.model import Trigger, Workflow
from orchestrator.definition.publish import COMMITTING, PublishKind

Events = dict[str, dict[str, Any]]
"""Events of Actions by name with their filters, both in the order in which they are written."""

_ORDER = (
    *("pull_request", "pull_request_review", "issue_comment", "issues", "push", "merge_group"),
    *("repository_dispatch", "schedule", "workflow_dispatch"),
)
_THREADS = frozenset({"comment", "label"})
_OF_PULL_REQUESTS = frozenset({"pull_request", "pull_request_review"})
_SHOWN_BELOW = _OF_PULL_REQUESTS | {"issues"}
_COMMANDS: Final[dict[str, Any]] = {"types": ["created"]}
NARROWING = ("branches", "branches-ignore", "tags", "tags-ignore", "paths", "paths-ignore")
"""Filters that let less through than an event without them."""
_ALL = None
PUSH: Final = "synchronize"
"""What GitHub calls a push to a pull request."""
_ABOUT_HEADS: Final = ("opened", "ready_for_review", "reopened", PUSH)
"""What a newer push can make out of date: all that is about the head of a pull request as it was."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """`permissions` are those of the job's token; `dispatched` the workflows that somebody may start by hand.

    `narrower` are filters by event that every trigger has alike: no job starts for less where a file has them too.
    `replaced` are the types of `pull_request` that start exactly what a push starts, which is one of them: a newer push
    takes up whatever their jobs leave undone. Jobs of other types, of which it would start less, it must not end.
    """

    events: Events = field(default_factory=dict)
    permissions: Mapping[str, str] = field(default_factory=dict)
    dispatched: tuple[str, ...] = ()
    narrower: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    replaced: tuple[str, ...] = (PUSH,)
    opens_pull_requests: bool = False


def asked(workflows: Iterable[Workflow], *, history_branch: str) -> Asked:
    """What all of them ask together. Templates of the repository start by no event, and ask for nothing.

    Executions are kept in `history_branch`, and pushes to it start no job; without one they end with theirs.
    """
    wanted = [workflow for workflow in workflows if not workflow.is_template]
    events: Events = {}
    for workflow in wanted:
        for trigger in workflow.triggers:
            for name, filters in _of_actions(trigger):
                events[name] = _both(name, events.get(name), filters)
    if events.keys() & _SHOWN_BELOW:
        # Whatever is shown below a pull request or an issue can be approved, allowed, cancelled and run again there.
        events.setdefault("issue_comment", _COMMANDS)
    ordered = {name: _settled(name, events[name], history_branch) for name in _ORDER if name in events}
    by_hand = tuple(each.id for each in wanted if any(found.event == "workflow_dispatch" for found in each.triggers))
    kinds = {target.kind for each in wanted if each.publish for target in each.publish.targets}
    return Asked(
        events=ordered,
        permissions=_permissions(wanted, kinds, keeps=bool(history_branch)),
        dispatched=by_hand,
        narrower={name: _alike(name, wanted) for name in ordered},
        replaced=_replaced(trigger for each in wanted for trigger in each.triggers),
        opens_pull_requests=PublishKind.PULL_REQUEST in kinds,
    )


def _replaced(triggers: Iterable[Trigger]) -> tuple[str, ...]:
    types = [dict(_of_actions(each))["pull_request"]["types"] for each in triggers if each.event == "pull_request"]

    def started(action: str) -> list[bool]:
        return [action in each for each in types]

    return tuple(action for action in _ABOUT_HEADS if started(action) == started(PUSH))


def _of_actions(trigger: Trigger) -> list[tuple[str, dict[str, Any]]]:
    """The events of Actions that bring a trigger of ours, with what can be filtered before a job starts."""
    filters = trigger.filters
    match trigger.event:
        case "comment":
            return [("issue_comment", _COMMANDS)]
        case "label":
            where = filters.get("where") or ["pull_request", "issue"]
            places = {"pull_request": "pull_request", "issue": "issues"}
            return [(places[place], {"types": ["labeled"]}) for place in places if place in where]  # type: ignore[operator]
        case "push":
            kept = {key: filters[key] for key in ("branches", "tags") if filters.get(key)}
            return [("push", kept)]
        case "schedule":
            entries = filters.get("entries")
            crons = (
                [str(each["cron"]) for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
            )
            return [("schedule", {"crons": crons})]
        case event:
            types = filters.get("types") or list(DEFAULT_TYPES.get(event, ()))
            return [(event, {"types": types or _ALL})] if event != "workflow_dispatch" else [(event, {})]


def _alike(name: str, workflows: Iterable[Workflow]) -> dict[str, list[str]]:
    """The filters by name of which all triggers of an event have the same."""
    triggers = [each for workflow in workflows for each in workflow.triggers if name in dict(_of_actions(each))]
    filters = [{key: value for key, value in each.filters.items() if key in NARROWING} for each in triggers]
    first = filters[0] if filters else {}
    return {key: list(value) for key, value in first.items() if all(each.get(key) == value for each in filters)}  # type: ignore[arg-type]


def _both(name: str, one: dict[str, Any] | None, other: dict[str, Any]) -> dict[str, Any]:
    """What lets through all that either does."""
    if one is None:
        return other
    if name == "push":
        return {key: [*one[key], *other[key]] for key in one if key in other} if set(one) == set(other) else {}
    found = {}
    for key in one.keys() | other.keys():
        first, second = one.get(key, _ALL), other.get(key, _ALL)
        found[key] = _ALL if first is _ALL or second is _ALL else [*first, *second]
    return found


def _settled(name: str, filters: dict[str, Any], history_branch: str) -> dict[str, Any]:
    """Without repetitions. Pushes of our own start no job."""
    kept = {
        key: list(dict.fromkeys(values if key != "types" else sorted(values)))
        for key, values in filters.items()
        if values is not _ALL
    }
    if name == "push" and not kept:
        return {"branches-ignore": [*filter(None, [history_branch]), "mycelium/**"], "tags": ["**"]}
    return kept


def _permissions(workflows: list[Workflow], kinds: set[PublishKind], *, keeps: bool) -> dict[str, str]:
    events = {trigger.event for each in workflows for trigger in each.triggers}
    pull_requests = bool(events & (_OF_PULL_REQUESTS | _THREADS)) or bool(kinds & {*COMMITTING, PublishKind.REVIEW})
    issues = bool(events & (_OF_PULL_REQUESTS | _THREADS | {"issues"})) or bool(
        kinds & {PublishKind.COMMENT, PublishKind.LABELS, PublishKind.ISSUE}
    )
    return {
        # What another job holds is in the history alone.
        **({"actions": "read"} if keeps else {}),
        "checks": "write",
        "contents": "write" if keeps or kinds & COMMITTING else "read",
        **({"issues": "write"} if issues else {}),
        **({"pull-requests": "write"} if pull_requests else {"pull-requests": "read"}),
    }
