"""`on`: the events that start a workflow, and their filters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from orchestrator.definition.commands import PREFIX, VERBS
from orchestrator.definition.cron import CronError, parse_cron, zone_of
from orchestrator.definition.document import Mapping, Scalar, Sequence, Yaml, described, is_null
from orchestrator.definition.inputs import INPUTS
from orchestrator.definition.model import Input, JsonValue, Trigger
from orchestrator.definition.patterns import problem_of
from orchestrator.definition.reader import Key, Keys, Misfit, Reader, Shape, nearest
from orchestrator.definition.shapes import BOOLEAN, TEXT, choice, keyed, keys_schema, listed, matching

_COMMAND_WORD = matching(re.compile(r"[A-Za-z][A-Za-z0-9_-]*"), "command", "a word such as `review`")
_ALIAS_WORD = matching(re.compile(r"/[A-Za-z][A-Za-z0-9_-]*"), "alias", "a slash and a word, such as `/review`")
_PATTERNS = listed(TEXT)
_LABELS = Key(shape=listed(TEXT), description="Only where one of these labels stands, or is the one added or removed")
_WHERE = Key(
    shape=listed(choice(("pull_request", "issue"))), description="Where it counts: pull_request, issue; both by default"
)


_DRAFT = Key(shape=BOOLEAN, description="Only drafts (true), or only what is none (false); both without it")


def _read_command(value: Yaml, reader: Reader) -> str:
    name = _COMMAND_WORD.read(value, reader)
    if name.lower() in VERBS:
        raise Misfit(value, f"`/mycelium {name}` means something already", "choose another word")
    return name


def _read_alias(value: Yaml, reader: Reader) -> str:
    alias = _ALIAS_WORD.read(value, reader)
    if alias.lower() == PREFIX:
        raise Misfit(value, f"`{alias}` begins every command", "choose another alias")
    return alias


def _read_cron(value: Yaml, reader: Reader) -> str:
    text = TEXT.read(value, reader)
    try:
        parse_cron(text)
    except CronError as error:
        raise Misfit(value, error.message, error.hint) from error
    return text


def _read_zone(value: Yaml, reader: Reader) -> str:
    name = TEXT.read(value, reader)
    try:
        zone_of(name)
    except CronError as error:
        raise Misfit(value, error.message, error.hint) from error
    return name


_ENTRY_KEYS = Keys(
    place="an entry of `schedule`",
    keys={
        "cron": Key(
            shape=Shape(read=_read_cron, schema={"type": "string"}),
            description="Five fields: minute, hour, day of month, month, day of week",
            required=True,
        ),
        "timezone": Key(
            shape=Shape(read=_read_zone, schema={"type": "string"}),
            description="The IANA time zone of the hours, such as Europe/Berlin; UTC without it",
        ),
        "catch-up": Key(
            shape=choice(("none", "latest", "all")),
            description="What happens to times that passed while no scheduler ran: none (default), latest or all",
        ),
    },
)
_ENTRY = keyed(_ENTRY_KEYS, lambda entry, *_: {"timezone": "UTC", "catch-up": "none", **entry})


def _types(*known: str) -> Key:
    return Key(shape=listed(choice(known, what="type")), description="Only these activities of the event")


def _read_patterns(value: Yaml, reader: Reader) -> tuple[str, ...]:
    patterns = _PATTERNS.read(value, reader)
    for text in patterns:
        if wrong := problem_of(text):
            hint = "write `\\` before a character that means itself"
            raise Misfit(value, f"`{text[:100]}` is no pattern: {wrong}", hint)
    if patterns and all(text.startswith("!") for text in patterns):
        raise Misfit(value, f"`{reader.field}` only excludes", 'put "**" before, or what is to be included')
    return patterns


def _patterns(what: str) -> Key:
    shape = Shape(read=_read_patterns, schema=_PATTERNS.schema)
    return Key(shape=shape, description=f"Patterns of {what}; `!` excludes")


_BRANCHES = {"branches": _patterns("branches"), "branches-ignore": _patterns("branches to leave out")}
_TAGS = {"tags": _patterns("tags"), "tags-ignore": _patterns("tags to leave out")}
_PATHS = {"paths": _patterns("changed paths"), "paths-ignore": _patterns("changed paths to leave out")}
_OF_PULL_REQUESTS = {"labels": _LABELS, "draft": _DRAFT}
_PULL_REQUEST_TYPES = (
    *("assigned", "unassigned", "labeled", "unlabeled", "opened", "edited", "closed", "reopened", "synchronize"),
    *("converted_to_draft", "locked", "unlocked", "enqueued", "dequeued", "milestoned", "demilestoned"),
    *("ready_for_review", "review_requested", "review_request_removed", "auto_merge_enabled", "auto_merge_disabled"),
)
_ISSUE_TYPES = (
    *("opened", "edited", "deleted", "transferred", "pinned", "unpinned", "closed", "reopened", "assigned"),
    *("unassigned", "labeled", "unlabeled", "locked", "unlocked", "milestoned", "demilestoned", "typed", "untyped"),
)


def _event(name: str, keys: dict[str, Key]) -> Keys:
    return Keys(place=f"`{name}`", keys=keys)


EVENTS: dict[str, Keys] = {
    "push": _event("push", {**_BRANCHES, **_TAGS, **_PATHS}),
    "pull_request": _event(
        "pull_request",
        {"types": _types(*_PULL_REQUEST_TYPES), **_BRANCHES, **_PATHS, **_OF_PULL_REQUESTS},
    ),
    "pull_request_review": _event(
        "pull_request_review",
        {"types": _types("submitted", "edited", "dismissed"), **_BRANCHES, **_OF_PULL_REQUESTS},
    ),
    "issues": _event("issues", {"types": _types(*_ISSUE_TYPES), "labels": _LABELS}),
    "comment": _event(
        "comment",
        {
            "command": Key(
                shape=Shape(read=_read_command, schema=_COMMAND_WORD.schema),
                description="The NAME of `/mycelium NAME` that starts the workflow",
                required=True,
            ),
            "alias": Key(
                shape=Shape(read=_read_alias, schema=_ALIAS_WORD.schema),
                description="A short form, such as /review",
            ),
            "where": _WHERE,
        },
    ),
    "schedule": _ENTRY_KEYS,
    "workflow_dispatch": _event(
        "workflow_dispatch", {"inputs": Key(shape=INPUTS, description="The same as `inputs` at the top")}
    ),
    "repository_dispatch": _event(
        "repository_dispatch", {"types": Key(shape=listed(TEXT), description="Only these event types")}
    ),
    "label": _event(
        "label",
        {
            "name": Key(
                shape=listed(TEXT),
                description="The labels that start the workflow; each is taken off again",
                required=True,
            ),
            "where": _WHERE,
        },
    ),
    "merge_group": _event("merge_group", {"types": _types("checks_requested"), "branches": _patterns("branches")}),
}
_OTHER_NAMES = {
    "pull_request_target": "write `pull_request`",
    "issue_comment": "write `comment: {command: NAME}`",
    "pull_request_review_comment": "write `comment: {command: NAME}`",
    "workflow_call": "every workflow has `inputs`; being called is not supported yet",
    "dispatch": "write `workflow_dispatch`",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class On:
    """What `on` says: the triggers, and the inputs declared under `workflow_dispatch`."""

    triggers: tuple[Trigger, ...] = ()
    inputs: dict[str, Input] = field(default_factory=dict)


def _read_on(value: Yaml, reader: Reader) -> On:
    found = [read for read in _events(value, reader) if read is not None]
    events: set[str] = set()
    for trigger, _ in found:
        if trigger.event in events:
            reader.problem(value, f"the event `{trigger.event}` stands in `on` twice")
        events.add(trigger.event)
    inputs = {name: declared for _, declarations in found for name, declared in declarations.items()}
    return On(triggers=tuple(trigger for trigger, _ in found), inputs=inputs)


_Read: TypeAlias = tuple[Trigger, dict[str, Input]] | None


def _events(value: Yaml, reader: Reader) -> list[_Read]:
    match value:
        case Scalar() if not is_null(value):
            return [_bare(value, reader)]
        case Sequence(items=items):
            return [_bare(item, reader) for item in items]
        case Mapping(entries=entries):
            return [_filtered(entry.key, entry.value, reader) for entry in entries.values()]
        case _:
            raise Misfit(value, f"`on` names events, not {described(value)}", "such as `on: [push, pull_request]`")


def _bare(value: Yaml, reader: Reader) -> _Read:
    if not isinstance(value, Scalar):
        reader.problem(value, f"expected the name of an event, found {described(value)}")
        return None
    if value.value == "schedule":
        reader.problem(value, "`schedule` needs its times", 'schedule: [{cron: "0 6 * * 1-5"}]')
        return None
    return _filtered(value, None, reader)


def _filtered(key: Scalar, value: Yaml | None, reader: Reader) -> _Read:
    event = key.value
    if event not in EVENTS:
        reader.problem(key, f"unknown event `{event}`", _OTHER_NAMES.get(event) or nearest(event, EVENTS))
        return None
    filters = reader.attempt(_filters_of(event, key), key if value is None else value, None)
    if filters is None:
        return None
    inputs = filters.pop("inputs", {})
    written = {name: _as_json(found) for name, found in filters.items()}
    return Trigger(event=event, filters=written, place=reader.place(key)), inputs


def _filters_of(event: str, key: Scalar) -> Shape[dict[str, Any]]:
    def read(value: Yaml, reader: Reader) -> dict[str, Any]:
        if event == "schedule":
            return {"entries": listed(_ENTRY).read(value, reader)}
        if value is key or is_null(value):
            value = Mapping({}, key.line, key.column)
        filters = reader.mapping(value, EVENTS[event])
        _check_pairs(filters, value, reader)
        return filters

    return Shape(read=read, schema={})


def _check_pairs(filters: dict[str, Any], value: Yaml, reader: Reader) -> None:
    for name in ("branches", "tags", "paths"):
        if name in filters and f"{name}-ignore" in filters:
            hint = f"exclude with `!` in `{name}`"
            reader.problem(value, f"`{name}` and `{name}-ignore` cannot stand together", hint)


def _as_json(value: Any) -> JsonValue:
    return list(value) if isinstance(value, tuple) else value


def _schema() -> dict[str, JsonValue]:
    names: JsonValue = [name for name, keys in EVENTS.items() if not any(key.required for key in keys.keys.values())]
    properties: dict[str, JsonValue] = {
        name: {"anyOf": [keys_schema(keys), {"type": "null"}]} for name, keys in EVENTS.items()
    }
    properties["schedule"] = {"type": "array", "items": _ENTRY.schema}
    return {
        "anyOf": [
            {"enum": names},
            {"type": "array", "items": {"enum": names}},
            {"type": "object", "additionalProperties": False, "properties": properties},
        ]
    }


ON = Shape(read=_read_on, schema=_schema())
