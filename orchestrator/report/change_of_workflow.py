"""Changes of who may start a workflow, of what it may publish, and of budgets, in sentences."""

from __future__ import annotations

from orchestrator.definition.changes import Change, Kind
from orchestrator.definition.model import JsonValue
from orchestrator.report.change_values import code, listed, short, value_of

_EVENTS = {
    "push": "A push",
    "pull_request": "A pull request",
    "pull_request_review": "A review of a pull request",
    "issues": "An issue",
    "comment": "A command in a comment",
    "schedule": "The clock",
    "workflow_dispatch": "A person, by hand,",
    "repository_dispatch": "A `repository_dispatch` of GitHub's API",
    "label": "A change of the repository's labels",
    "merge_group": "The merge queue",
}


def event(change: Change, _: str) -> str:
    what = _EVENTS.get(change.key[1], f"The event {code(change.key[1])}")
    filters = change.after if change.kind is Kind.ADDED else change.before
    if change.key[1] == "comment" and isinstance(filters, dict) and "command" in filters:
        what = "The comment " + code(f"/mycelium {filters['command']}")
        filters = {name: value for name, value in filters.items() if name != "command"}
    only = f" ({listed(_spread(filters))})" if filters else ""
    return f"{what} may now start it{only}" if change.kind is Kind.ADDED else f"{what} no longer starts it{only}"


def _spread(filters: JsonValue) -> JsonValue:
    """The times of a schedule, which stand one level deeper than other filters."""
    entries = filters.get("entries") if isinstance(filters, dict) else None
    return [_time(entry) for entry in entries] if isinstance(entries, list) else filters


def _time(entry: JsonValue) -> JsonValue:
    return f"{entry.get('cron')} ({entry.get('timezone')})" if isinstance(entry, dict) else entry


def event_filter(change: Change, _: str) -> str:
    event, name = code(change.key[1]), code(change.key[2])
    match change.kind:
        case Kind.ADDED:
            return f"{event} starts it only with {name} {listed(change.after)}"
        case Kind.REMOVED:
            return f"{event} starts it with any {name} (before: {listed(change.before)})"
        case _:
            return value_of(f"{name} with which {event} starts it", change)


def actors(change: Change, _: str) -> str:
    before = f" (before: {code(change.before)})" if change.before is not None else ""
    return f"Anyone with {code(change.after or 'write')} access may now start it{before}"


def forks(change: Change, _: str) -> str:
    if change.after == "approve":
        return "For pull requests from forks it may now start, once a maintainer allows it"
    return value_of("Pull requests from forks start it", change)


def bots(change: Change, _: str) -> str:
    if change.kind is Kind.ADDED:
        return f"The bots {listed(change.after)} may now start it"
    return value_of("The bots that may start it", change)


_PUBLISHED = {
    "pull-request": "a pull request",
    "push": "commits to the branch of the pull request",
    "review": "a review",
    "comment": "a comment",
    "labels": "labels",
    "issue": "an issue",
}


def published(change: Change, _: str) -> str:
    kind, _, number = change.key[1].partition(" ")
    what = _PUBLISHED.get(kind, code(kind)) + (f" (number {number})" if number else "")
    if change.kind is Kind.ADDED:
        return f"It may now publish {what}: {listed(change.after)}"
    return f"It no longer publishes {what}: {listed(change.before)}"


def most_published(change: Change, _: str) -> str:
    before, after = (1 if value is None else value for value in (change.before, change.after))
    return f"An execution may publish {code(after)} of {code(change.key[2])} (before: {code(before)})"


def dry_run(change: Change, _: str) -> str:
    if change.after is True:
        return "What it would publish is only shown now (`dry-run`)"
    return "What it publishes leaves now; before, it was only shown (`dry-run`)"


_UNITS = {"usd": "USD", "tokens": "tokens", "turns": "turns", "minutes": "minutes"}


def budget(change: Change, who: str) -> str:
    whose = f"Each run of {who}" if who else "An execution"
    limits = change.after if change.kind is Kind.ADDED else change.before
    amounts = [_amount(value, unit) for unit, value in limits.items()] if isinstance(limits, dict) else []
    if change.kind is Kind.ADDED:
        return f"{whose} may use at most {', '.join(amounts)}; before, there was no budget"
    return f"{whose} has no budget any more (before: {', '.join(amounts)})"


def limit(change: Change, who: str) -> str:
    unit = change.key[-1]
    before, after = (
        _amount(value, unit) if value is not None else "no limit" for value in (change.before, change.after)
    )
    of = " in " + _UNITS.get(unit, code(unit)) if "no limit" in (before, after) else ""
    return f"The budget of {f'each run of {who}' if who else 'an execution'}{of}: {before} → {after}"


def _amount(value: JsonValue, unit: str) -> str:
    return f"{short(value)} {_UNITS.get(unit, unit)}"
