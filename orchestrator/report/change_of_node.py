"""Changes of nodes, and of what their agents may do, in sentences."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.definition.changes import Change, Kind
from orchestrator.definition.model import JsonValue
from orchestrator.report.change_values import by_path, code, is_long, listed, named, value_of
from orchestrator.report.numbers import plural


def node(change: Change, _: str) -> str:
    name = code(change.key[1])
    match change.kind:
        case Kind.ADDED:
            return f"New node {name}{_does(change.after)}"
        case Kind.REMOVED:
            return f"The node {name} is gone{_does(change.before)}"
        case Kind.RENAMED:
            return f"The node {code(change.before)} is called {name} now"
        case _:
            return by_path(change, "")


def _does(values: JsonValue) -> str:
    if not isinstance(values, dict):
        return ""
    kind, needs = values.get("kind"), values.get("needs")
    what = values.get(str(kind))
    said = what.get("message") if isinstance(what, dict) else what
    after = f", after {named([*needs])}" if isinstance(needs, dict) and needs else ""
    return f": {kind} {listed(said) if said else ''}".rstrip() + after


def edge(change: Change, who: str) -> str:
    source = code(change.key[3])
    when = {"on_failure": ", when that failed", "always": ", whatever becomes of that"}.get(str(change.after), "")
    match change.kind:
        case Kind.ADDED:
            return f"{who} now waits for {source}{when}"
        case Kind.REMOVED:
            return f"{who} no longer waits for {source}"
        case _:
            return f"{who} follows {source} {code(change.after)} (before: {code(change.before)})"


def approvals(change: Change, who: str) -> str:
    before = change.before if isinstance(change.before, list) else []
    after = change.after if isinstance(change.after, list) else []
    lost, gained = [each for each in before if each not in after], [each for each in after if each not in before]
    words = [f"no longer starts only after the approval {listed(lost)}"] * bool(lost)
    words += [f"now starts only after the approval {listed(gained)}"] * bool(gained)
    return f"{who} {' and '.join(words)}"


def silence(change: Change, who: str) -> str:
    if change.after == "approve":
        return f"Silence now approves {who}"
    return f"Silence now rejects {who}"


def workspace(change: Change, who: str) -> str:
    after = {"write": "may now change files, which are committed", "none": "now sees no files of the repository"}
    may = after.get(str(change.after), "now reads the repository's files, and what it changes is thrown away")
    return f"{who} {may} (`workspace`: {code(change.before)} → {code(change.after)})"


def sandbox(change: Change, who: str) -> str:
    if change.after == "none":
        return f"{who} now runs outside of a sandbox (before: {code(change.before)})"
    return by_path(change, who)


def tools(change: Change, who: str) -> str:
    match change.kind:
        case Kind.ADDED:
            return f"{who or 'It'} is now held to the tools {listed(change.after)}"
        case Kind.REMOVED:
            return f"{who or 'It'} is no longer held to the tools {listed(change.before)}"
        case _:
            return value_of(f"The tools of {who}" if who else "Its tools", change)


def servers(change: Change, who: str) -> str:
    if change.kind is Kind.ADDED:
        return f"{who} is now given the MCP servers {listed(change.after)}"
    if change.kind is Kind.REMOVED:
        return f"{who} is no longer given the MCP servers {listed(change.before)}"
    return value_of(f"MCP servers of {who}", change)


def queue(change: Change, who: str) -> str:
    return f"{who} now waits for workers of the queue {code(change.after)} (before: {code(change.before)})"


def implied(change: Change, who: str) -> str:
    if change.after is True:
        return f"{who} now starts only where no node before it failed, not even one that it does not name"
    return f"{who} now starts by its conditions alone, also after a failure that these do not ask for"


def text(name: str) -> Callable[[Change, str], str]:
    def words(change: Change, who: str) -> str:
        whose = f"The {name} of {who}" if who else f"Its {name}"
        if change.kind is not Kind.CHANGED or not is_long(change):
            return value_of(whose, change)
        before, after = (len(str(value).rstrip("\n").split("\n")) for value in (change.before, change.after))
        return f"{whose} is another: {plural(after, 'line')}" + (f", before {before}" if before != after else "")

    return words
