"""The table of keys: what a change of each is about, and when it allows more than before.

A key of the format that is not here is compared all the same, as `Subject.OTHER` that never widens. So this is the one
place for a new key that people should know of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from orchestrator.definition.changes.by_key import ByKey
from orchestrator.definition.changes.model import Kind, Subject
from orchestrator.definition.model import JsonValue

Widens: TypeAlias = Callable[[Kind, JsonValue, JsonValue], bool]
"""Whether a change allows more, told by what became of the value, and the value before and after."""


def never(_kind: Kind, _before: JsonValue, _after: JsonValue) -> bool:
    return False


def arrives(kind: Kind, _before: JsonValue, _after: JsonValue) -> bool:
    """New, it allows something."""
    return kind is Kind.ADDED


def differs(kind: Kind, _before: JsonValue, _after: JsonValue) -> bool:
    """Another value is something else that is allowed."""
    return kind is not Kind.REMOVED


def goes(kind: Kind, _before: JsonValue, _after: JsonValue) -> bool:
    """It held something back."""
    return kind is Kind.REMOVED


def turns_off(_kind: Kind, before: JsonValue, after: JsonValue) -> bool:
    """True holds something back."""
    return before is True and after is not True


def more_than(absent: int) -> Widens:
    """A number that bounds; `absent` holds without it."""

    def number(value: JsonValue) -> float:
        return value if isinstance(value, int | float) else absent

    return lambda _, before, after: number(after) > number(before)


def limit(kind: Kind, before: JsonValue, after: JsonValue) -> bool:
    """A number that bounds: without it, or with a greater one, more is allowed."""
    if kind is Kind.CHANGED and isinstance(before, int | float) and isinstance(after, int | float):
        return after > before
    return kind is Kind.REMOVED


def grants(kind: Kind, before: JsonValue, after: JsonValue) -> bool:
    """A list of what is allowed; without it there is nothing."""
    return kind is not Kind.REMOVED and bool(_new(before, after))


def restricts(kind: Kind, before: JsonValue, after: JsonValue) -> bool:
    """A list of what is allowed; without it everything is. A pattern with `!` takes away. Of what is no list, another
    value allows something else."""
    if kind is Kind.CHANGED and not (isinstance(before, list) and isinstance(after, list)):
        return True
    if kind is Kind.CHANGED:
        return any(not _excludes(each) for each in _new(before, after)) or any(map(_excludes, _new(after, before)))
    return kind is Kind.REMOVED


def unseals(kind: Kind, before: JsonValue, after: JsonValue) -> bool:
    """Patterns of files that may change; those that say what runs are closed until a pattern begins in their folder."""
    return restricts(kind, before, after) or any(str(each).startswith(_SEALED) for each in _new(before, after))


_SEALED = (".github", "workflows", "mycelium.yaml", ".claude", "agents", "plugins", ".mcp.json", ".gitmodules")


def chooses(*absent: JsonValue) -> Widens:
    """A list of what is allowed; `absent` is allowed without it."""
    return lambda _, before, after: bool(_new([*absent] if before is None else before, after or [*absent]))


def excludes(kind: Kind, before: JsonValue, after: JsonValue) -> bool:
    """A list of what is not allowed."""
    return kind is not Kind.ADDED and bool(_new(after, before))


def level(*ascending: str, absent: str = "") -> Widens:
    """One of words that allow more and more; `absent` is what holds without it."""

    def widens(_kind: Kind, before: JsonValue, after: JsonValue) -> bool:
        here, there = before or absent, after or absent
        if here in ascending and there in ascending:
            return ascending.index(str(there)) > ascending.index(str(here))
        return here != there

    return widens


def loses(_kind: Kind, before: JsonValue, after: JsonValue) -> bool:
    """A list of what holds it back."""
    return bool(_new(after, before))


def _new(before: JsonValue, after: JsonValue) -> list[JsonValue]:
    known = before if isinstance(before, list) else []
    return [each for each in after if each not in known] if isinstance(after, list) else []


def _excludes(pattern: JsonValue) -> bool:
    return isinstance(pattern, str) and pattern.startswith("!")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What a key is about, and when its change widens."""

    subject: Subject
    widens: Widens = never


_COMMON: dict[str, Rule] = {
    "on/*": Rule(subject=Subject.START, widens=arrives),
    "on/schedule/entries": Rule(subject=Subject.START, widens=grants),
    "on/comment/alias": Rule(subject=Subject.START, widens=differs),
    "on/comment/command": Rule(subject=Subject.START, widens=differs),
    **{f"on/*/{name}-ignore": Rule(subject=Subject.START, widens=excludes) for name in ("branches", "tags", "paths")},
    # https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#pull_request
    "on/pull_request/types": Rule(subject=Subject.START, widens=chooses("opened", "synchronize", "reopened")),
    "on/*/*": Rule(subject=Subject.START, widens=restricts),
    "trust/actors": Rule(subject=Subject.START, widens=level("admin", "maintain", "write", "triage", "read")),
    "trust/forks": Rule(subject=Subject.START, widens=level("never", "approve")),
    "trust/bots": Rule(subject=Subject.START, widens=grants),
    "trust": Rule(subject=Subject.START),
    "concurrency": Rule(subject=Subject.ORDER),
    "publish/*": Rule(subject=Subject.PUBLISH, widens=arrives),
    "publish/*/*": Rule(subject=Subject.PUBLISH),
    "publish/*/base": Rule(subject=Subject.PUBLISH, widens=differs),
    **{f"publish/*/{name}": Rule(subject=Subject.PUBLISH, widens=grants) for name in ("labels", "add", "remove")},
    "publish/*/draft": Rule(subject=Subject.PUBLISH, widens=turns_off),
    "publish/*/if": Rule(subject=Subject.PUBLISH, widens=goes),
    "publish/maximum/*": Rule(subject=Subject.PUBLISH, widens=more_than(1)),
    "publish/allow/labels": Rule(subject=Subject.PUBLISH, widens=restricts),
    "publish/allow/paths": Rule(subject=Subject.PUBLISH, widens=unseals),
    "publish/dry-run": Rule(subject=Subject.PUBLISH, widens=turns_off),
    "secrets": Rule(subject=Subject.SECRETS, widens=grants),
    "budget": Rule(subject=Subject.BUDGET, widens=limit),
    "env": Rule(subject=Subject.COMMANDS),
    "inputs": Rule(subject=Subject.OTHER),
}
_NODE: dict[str, Rule] = {
    "approval/on-timeout": Rule(subject=Subject.APPROVALS, widens=level("reject", "approve", absent="reject")),
    "approval": Rule(subject=Subject.APPROVALS),
    "approvals": Rule(subject=Subject.APPROVALS, widens=loses),
    "publish": Rule(subject=Subject.PUBLISH, widens=differs),
    "secrets": Rule(subject=Subject.SECRETS, widens=grants),
    "workspace": Rule(subject=Subject.WRITE, widens=level("none", "read", "write")),
    "tools": Rule(subject=Subject.TOOLS, widens=restricts),
    "mcp": Rule(subject=Subject.TOOLS, widens=grants),
    "sandbox": Rule(subject=Subject.TOOLS, widens=level("bwrap", "auto", "none", absent="auto")),
    "engine": Rule(subject=Subject.TOOLS),
    "budget": Rule(subject=Subject.BUDGET, widens=limit),
    "max-turns": Rule(subject=Subject.BUDGET, widens=limit),
    "retry": Rule(subject=Subject.ORDER),
    "timeout-minutes": Rule(subject=Subject.BUDGET),
    "queue": Rule(subject=Subject.QUEUE),
    "priority": Rule(subject=Subject.QUEUE),
    "run": Rule(subject=Subject.COMMANDS),
    "env": Rule(subject=Subject.COMMANDS),
    "prompt": Rule(subject=Subject.PROMPTS),
    "agent": Rule(subject=Subject.PROMPTS),
    "resolver": Rule(subject=Subject.PROMPTS),
    "model": Rule(subject=Subject.PROMPTS),
    "context": Rule(subject=Subject.PROMPTS),
    "answer": Rule(subject=Subject.PROMPTS),
    **dict.fromkeys(
        ("needs", "if", "strategy", "merge", "kind", "continue-on-error", "success() is implied"),
        Rule(subject=Subject.ORDER),
    ),
}
_WORKFLOW: dict[str, Rule] = {
    **_COMMON,
    **{f"nodes/*/{name}": rule for name, rule in _NODE.items()},
    "nodes/*": Rule(subject=Subject.ORDER),
    "nodes/*/*": Rule(subject=Subject.OTHER),
}
_AGENT: dict[str, Rule] = {
    "tools": Rule(subject=Subject.TOOLS, widens=restricts),
    "prompt": Rule(subject=Subject.PROMPTS),
    "model": Rule(subject=Subject.PROMPTS),
}
_PROJECT: dict[str, Rule] = {
    "mcp/*/secrets": Rule(subject=Subject.SECRETS, widens=grants),
    "mcp/*/hosts": Rule(subject=Subject.TOOLS, widens=grants),
    "mcp/*/*": Rule(subject=Subject.TOOLS, widens=differs),
    "mcp/*": Rule(subject=Subject.TOOLS, widens=arrives),
    "engines/*/credentials": Rule(subject=Subject.SECRETS, widens=grants),
    "engines/*/hosts": Rule(subject=Subject.TOOLS, widens=grants),
    **{f"engines/*/{name}": Rule(subject=Subject.TOOLS, widens=differs) for name in ("command", "env", "files")},
    "engines/*/*": Rule(subject=Subject.OTHER),
    "engines/*": Rule(subject=Subject.TOOLS, widens=arrives),
}
OTHER = Rule(subject=Subject.OTHER)


@cache
def workflow_table() -> ByKey[Rule]:
    return ByKey(_WORKFLOW)


@cache
def agent_table() -> ByKey[Rule]:
    return ByKey(_AGENT)


@cache
def project_table() -> ByKey[Rule]:
    return ByKey(_PROJECT)
