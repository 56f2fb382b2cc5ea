"""Changes of definitions in sentences. Names and values stand in backticks, which nothing in them can end.

A key without words of its own here is told all the same, by its path.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from orchestrator.definition.changes import Change, Key, Kind
from orchestrator.definition.changes.by_key import ByKey
from orchestrator.definition.model import JsonValue
from orchestrator.report.numbers import plural
from orchestrator.report.plain_text import clip, one_line

_LONGEST_VALUE = 80
_MOST_ITEMS = 8
_MOST_NODES = 5
_IMPLIED = "success() is implied"

Words: TypeAlias = Callable[[Change, str], str]
"""A sentence for a change; the second argument names the nodes that it is the same for, '' for the file itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A change, and the nodes that it is the same for."""

    change: Change
    nodes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Plain text, with code in backticks."""
        return (_words().find(self.change.key) or _by_path)(self.change, _named(self.nodes))


def told(changes: Iterable[Change]) -> tuple[Told, ...]:
    """Changes in the order given; those that are the same in several nodes, as one of `defaults` is, only once."""
    found: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        found.setdefault(_alike(change), []).append(change)
    return tuple(
        Told(change=group[0], nodes=tuple(dict.fromkeys(each.node for each in group if each.node)))
        for group in found.values()
    )


def _alike(change: Change) -> tuple[str, ...]:
    if change.node is None or change.is_whole_node:
        return change.key
    values = json.dumps([change.before, change.after], sort_keys=True)
    return ("nodes", "*", *change.key[2:], change.kind, values)


def code(value: JsonValue) -> str:
    """A name or a value in backticks, short and on one line."""
    return f"`{_short(value)}`"


def _short(value: JsonValue) -> str:
    match value:
        case str():
            text = one_line(value, _LONGEST_VALUE)
            more = " …" if text and not text.endswith("…") and len(value.strip().split("\n")) > 1 else ""
            return f"{text}{more}".replace("`", "'") or "(empty)"
        case bool() | None:
            return json.dumps(value)
        case int() | float():
            return f"{value:,g}" if abs(value) < 1_000_000 else f"{value:,}"
        case _:
            return clip(json.dumps(value, ensure_ascii=False).replace("`", "'"), _LONGEST_VALUE)


def listed(value: JsonValue) -> str:
    """A value; of a list its items, of a map its entries."""
    if isinstance(value, dict):
        items = [f"{name}: {_short(item)}" for name, item in value.items() if item not in ({}, [])]
    elif isinstance(value, list):
        items = [_short(item) for item in value]
    else:
        return code(value)
    more = [f"{len(items) - _MOST_ITEMS} more"] * (len(items) > _MOST_ITEMS)
    shown = [f"`{one_line(item, _LONGEST_VALUE).replace('`', chr(39))}`" for item in items[:_MOST_ITEMS]]
    return ", ".join([*shown, *more]) or "nothing"


def _named(nodes: Sequence[str]) -> str:
    names = [code(name) for name in nodes]
    if len(names) > _MOST_NODES:
        names = [*names[: _MOST_NODES - 1], f"{len(names) - _MOST_NODES + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def _by_path(change: Change, who: str) -> str:
    path = change.key[2:] if who else change.key
    return _value_of(code(".".join(path)) + (f" of {who}" if who else ""), change)


def _value_of(what: str, change: Change) -> str:
    match change.kind:
        case Kind.ADDED:
            return f"{what} is new: {listed(change.after)}"
        case Kind.REMOVED:
            return f"{what} is gone (before: {listed(change.before)})"
        case _ if isinstance(change.before, list) and isinstance(change.after, list):
            return f"{what}: {_exchanged(change.before, change.after)}"
        case _:
            return f"{what}: {code(change.before)} → {code(change.after)}"


def _exchanged(before: list[JsonValue], after: list[JsonValue]) -> str:
    gained = [each for each in after if each not in before]
    lost = [each for each in before if each not in after]
    if not gained and not lost:
        return f"now in the order {listed(after)}"
    words = [f"with {listed(gained)}"] * bool(gained) + [f"without {listed(lost)}"] * bool(lost)
    return f"now {', '.join(words)}"


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


def _event(change: Change, _: str) -> str:
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


def _filter(change: Change, _: str) -> str:
    event, name = code(change.key[1]), code(change.key[2])
    match change.kind:
        case Kind.ADDED:
            return f"{event} starts it only with {name} {listed(change.after)}"
        case Kind.REMOVED:
            return f"{event} starts it with any {name} (before: {listed(change.before)})"
        case _:
            return _value_of(f"{name} with which {event} starts it", change)


def _actors(change: Change, _: str) -> str:
    before = f" (before: {code(change.before)})" if change.before is not None else ""
    return f"Anyone with {code(change.after or 'write')} access may now start it{before}"


def _forks(change: Change, _: str) -> str:
    if change.after == "approve":
        return "For pull requests from forks it may now start, once a maintainer allows it"
    return _value_of("Pull requests from forks start it", change)


def _bots(change: Change, _: str) -> str:
    if change.kind is Kind.ADDED:
        return f"The bots {listed(change.after)} may now start it"
    return _value_of("The bots that may start it", change)


_PUBLISHED = {
    "pull-request": "a pull request",
    "push": "commits to the branch of the pull request",
    "review": "a review",
    "comment": "a comment",
    "labels": "labels",
    "issue": "an issue",
}


def _published(change: Change, _: str) -> str:
    kind, _, number = change.key[1].partition(" ")
    what = _PUBLISHED.get(kind, code(kind)) + (f" (number {number})" if number else "")
    if change.kind is Kind.ADDED:
        return f"It may now publish {what}: {listed(change.after)}"
    return f"It no longer publishes {what}: {listed(change.before)}"


def _most(change: Change, _: str) -> str:
    before, after = (1 if value is None else value for value in (change.before, change.after))
    return f"An execution may publish {code(after)} of {code(change.key[2])} (before: {code(before)})"


def _dry(change: Change, _: str) -> str:
    if change.after is True:
        return "What it would publish is only shown now (`dry-run`)"
    return "What it publishes leaves now; before, it was only shown (`dry-run`)"


_UNITS = {"usd": "USD", "tokens": "tokens", "turns": "turns", "minutes": "minutes"}


def _budget(change: Change, who: str) -> str:
    whose = f"Each run of {who}" if who else "An execution"
    limits = change.after if change.kind is Kind.ADDED else change.before
    amounts = [_amount(value, unit) for unit, value in limits.items()] if isinstance(limits, dict) else []
    if change.kind is Kind.ADDED:
        return f"{whose} may use at most {', '.join(amounts)}; before, there was no budget"
    return f"{whose} has no budget any more (before: {', '.join(amounts)})"


def _limit(change: Change, who: str) -> str:
    unit = change.key[-1]
    before, after = (
        _amount(value, unit) if value is not None else "no limit" for value in (change.before, change.after)
    )
    of = " in " + _UNITS.get(unit, code(unit)) if "no limit" in (before, after) else ""
    return f"The budget of {f'each run of {who}' if who else 'an execution'}{of}: {before} → {after}"


def _amount(value: JsonValue, unit: str) -> str:
    return f"{_short(value)} {_UNITS.get(unit, unit)}"


def _node(change: Change, _: str) -> str:
    name = code(change.key[1])
    match change.kind:
        case Kind.ADDED:
            return f"New node {name}{_does(change.after)}"
        case Kind.REMOVED:
            return f"The node {name} is gone{_does(change.before)}"
        case Kind.RENAMED:
            return f"The node {code(change.before)} is called {name} now"
        case _:
            return _by_path(change, "")


def _does(values: JsonValue) -> str:
    if not isinstance(values, dict):
        return ""
    kind, needs = values.get("kind"), values.get("needs")
    what = values.get(str(kind))
    said = what.get("message") if isinstance(what, dict) else what
    after = f", after {_named([*needs])}" if isinstance(needs, dict) and needs else ""
    return f": {kind} {listed(said) if said else ''}".rstrip() + after


def _edge(change: Change, who: str) -> str:
    source = code(change.key[3])
    when = {"on_failure": ", when that failed", "always": ", whatever becomes of that"}.get(str(change.after), "")
    match change.kind:
        case Kind.ADDED:
            return f"{who} now waits for {source}{when}"
        case Kind.REMOVED:
            return f"{who} no longer waits for {source}"
        case _:
            return f"{who} follows {source} {code(change.after)} (before: {code(change.before)})"


def _approvals(change: Change, who: str) -> str:
    before = change.before if isinstance(change.before, list) else []
    after = change.after if isinstance(change.after, list) else []
    lost, gained = [each for each in before if each not in after], [each for each in after if each not in before]
    words = [f"no longer starts only after the approval {listed(lost)}"] * bool(lost)
    words += [f"now starts only after the approval {listed(gained)}"] * bool(gained)
    return f"{who} {' and '.join(words)}"


def _silence(change: Change, who: str) -> str:
    if change.after == "approve":
        return f"Silence now approves {who}"
    return f"Silence now rejects {who}"


def _workspace(change: Change, who: str) -> str:
    after = {"write": "may now change files, which are committed", "none": "now sees no files of the repository"}
    may = after.get(str(change.after), "now reads the repository's files, and what it changes is thrown away")
    return f"{who} {may} (`workspace`: {code(change.before)} → {code(change.after)})"


def _sandbox(change: Change, who: str) -> str:
    if change.after == "none":
        return f"{who} now runs outside of a sandbox (before: {code(change.before)})"
    return _by_path(change, who)


def _tools(change: Change, who: str) -> str:
    match change.kind:
        case Kind.ADDED:
            return f"{who or 'It'} is now held to the tools {listed(change.after)}"
        case Kind.REMOVED:
            return f"{who or 'It'} is no longer held to the tools {listed(change.before)}"
        case _:
            return _value_of(f"The tools of {who}" if who else "Its tools", change)


def _servers(change: Change, who: str) -> str:
    if change.kind is Kind.ADDED:
        return f"{who} is now given the MCP servers {listed(change.after)}"
    if change.kind is Kind.REMOVED:
        return f"{who} is no longer given the MCP servers {listed(change.before)}"
    return _value_of(f"MCP servers of {who}", change)


def _queue(change: Change, who: str) -> str:
    return f"{who} now waits for workers of the queue {code(change.after)} (before: {code(change.before)})"


def _implied(change: Change, who: str) -> str:
    if change.after is True:
        return f"{who} now starts only where no node before it failed, not even one that it does not name"
    return f"{who} now starts by its conditions alone, also after a failure that these do not ask for"


def _words_of_text(name: str) -> Words:
    def words(change: Change, who: str) -> str:
        whose = f"The {name} of {who}" if who else f"Its {name}"
        if change.kind is not Kind.CHANGED or not is_long(change):
            return _value_of(whose, change)
        before, after = (len(str(value).rstrip("\n").split("\n")) for value in (change.before, change.after))
        return f"{whose} is another: {plural(after, 'line')}" + (f", before {before}" if before != after else "")

    return words


def is_long(change: Change) -> bool:
    """Whether a text changed that one line cannot show."""
    texts = (change.before, change.after)
    return all(isinstance(text, str) for text in texts) and any(
        len(str(text)) > _LONGEST_VALUE or "\n" in str(text).strip() for text in texts
    )


_TEMPLATES = {"mcp": "MCP server", "engines": "engine"}


def _template(change: Change, _: str) -> str:
    """An MCP server or an engine of the project file."""
    what, name = _TEMPLATES[change.key[0]], code(change.key[1])
    if change.kind is not Kind.ADDED or not isinstance(change.after, dict):
        return f"The {what} {name} is gone"
    values = change.after
    runs = values.get("url") or [values.get("command"), values.get("args")]
    words = [f"New {what} {name}: {code(_flat(runs))}"]
    words += [
        f"{title} {listed(values[key])}"
        for key, title in (("secrets", "secrets"), ("credentials", "credentials"), ("hosts", "hosts"))
        if values.get(key)
    ]
    return ", ".join(words)


def _flat(value: JsonValue) -> str:
    if isinstance(value, list):
        return " ".join(word for word in map(_flat, value) if word)
    return "" if value is None else str(value)


def subject_of(key: Key) -> str:
    """The key as a title: `review: prompt`."""
    named = key[2:] if key[0] == "nodes" else key
    return f"{key[1]}: {'.'.join(named)}" if key[0] == "nodes" else ".".join(named)


@cache
def _words() -> ByKey[Words]:
    return ByKey(
        {
            "on/*": _event,
            "on/*/*": _filter,
            "trust/actors": _actors,
            "trust/forks": _forks,
            "trust/bots": _bots,
            "publish/*": _published,
            "publish/*/*": _by_path,
            "publish/maximum/*": _most,
            "publish/dry-run": _dry,
            "budget": _budget,
            "budget/*": _limit,
            "nodes/*": _node,
            "nodes/*/*": _by_path,
            "nodes/*/needs/*": _edge,
            "nodes/*/approvals": _approvals,
            "nodes/*/approval/on-timeout": _silence,
            "nodes/*/budget": _budget,
            "nodes/*/budget/*": _limit,
            "nodes/*/workspace": _workspace,
            "nodes/*/sandbox": _sandbox,
            "nodes/*/tools": _tools,
            "nodes/*/mcp": _servers,
            "nodes/*/queue": _queue,
            "nodes/*/run": _words_of_text("command"),
            "nodes/*/prompt": _words_of_text("prompt"),
            f"nodes/*/{_IMPLIED}": _implied,
            "prompt": _words_of_text("prompt"),
            "tools": _tools,
            "mcp/*": _template,
            "mcp/*/*": _by_path,
            "engines/*": _template,
            "engines/*/*": _by_path,
        }
    )
