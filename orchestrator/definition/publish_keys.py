"""`publish`: what leaves Mycelium at the end, as a file writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.definition.document import Entry, Scalar, Sequence, Yaml, is_null
from orchestrator.definition.document import Mapping as MappingNode
from orchestrator.definition.model import JsonValue
from orchestrator.definition.node_shapes import CONDITION, Condition
from orchestrator.definition.patterns import problem_of
from orchestrator.definition.publish import MOST_LABELS, Publish, PublishKind, Target
from orchestrator.definition.reader import Key, Keys, Misfit, Reader, Shape
from orchestrator.definition.shapes import BOOLEAN, NAME, TEMPLATE, TEXT, at_most, keys_schema, listed, number

MOST_TARGETS: Final = 50
"""Targets of one kind that a file may have."""

_LABELS = listed(TEMPLATE, distinct=True)
_IF = Key(shape=CONDITION, description="Published only where this holds; without a status function, after success")
_ADDED = Key(shape=_LABELS, description="Labels to add: no text of outsiders, and free text of no agent")
_FROM = Key(shape=NAME, description="The node whose commit it is", required=True)

TARGET_KEYS: Final[Mapping[PublishKind, Keys]] = {
    PublishKind.PULL_REQUEST: Keys(
        place="`pull-request`",
        keys={
            "from": _FROM,
            "title": Key(shape=TEMPLATE, description="Its title; the workflow's name without it"),
            "body": Key(shape=TEMPLATE, description="What stands above the graph and the agents' sections"),
            "base": Key(shape=TEMPLATE, description="The branch it is for; the one the execution ran on without it"),
            "draft": Key(shape=BOOLEAN, description="Whether it is a draft: true (default) or false"),
            "labels": _ADDED,
            "reviewers": Key(
                shape=listed(TEMPLATE, distinct=True), description="Who is asked to review: logins, organisation/team"
            ),
            "if": _IF,
        },
        hints={"branch": "the branch is always `mycelium/WORKFLOW/NUMBER`", "node": "write `from`"},
    ),
    PublishKind.PUSH: Keys(place="`push`", keys={"from": _FROM, "if": _IF}, hints={"node": "write `from`"}),
    PublishKind.REVIEW: Keys(
        place="`review`",
        keys={"from": Key(shape=NAME, description="The agent whose answer it is", required=True), "if": _IF},
        hints={"node": "write `from`"},
    ),
    PublishKind.COMMENT: Keys(
        place="`comment`",
        keys={"body": Key(shape=TEMPLATE, description="Its text, in Markdown", required=True), "if": _IF},
        hints={"text": "write `body`"},
    ),
    PublishKind.LABELS: Keys(
        place="`labels`",
        keys={"add": _ADDED, "remove": Key(shape=_LABELS, description="Labels to take off"), "if": _IF},
    ),
    PublishKind.ISSUE: Keys(
        place="`issue`",
        keys={
            "title": Key(shape=TEMPLATE, description="Its title", required=True),
            "body": Key(shape=TEMPLATE, description="Its text, in Markdown"),
            "labels": _ADDED,
            "if": _IF,
        },
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenTarget:
    """A target, and where its keys stand in the file; those of the short form stand at `at`."""

    target: Target
    at: Yaml
    entries: Mapping[str, Entry]

    def place_of(self, key: str) -> Yaml:
        return self.entries[key].value if key in self.entries else self.at


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenPublish:
    """`publish`, and where its targets stand."""

    publish: Publish
    targets: tuple[WrittenTarget, ...]


def _from_node(value: Yaml, reader: Reader) -> dict[str, Any]:
    return {"from": NAME.read(value, reader)}


def _from_body(value: Yaml, reader: Reader) -> dict[str, Any]:
    return {"body": TEMPLATE.read(value, reader)}


def _from_labels(value: Yaml, reader: Reader) -> dict[str, Any]:
    return {"add": _LABELS.read(value, reader)}


_SHORT: Final[Mapping[PublishKind, tuple[Callable[[Yaml, Reader], dict[str, Any]], dict[str, JsonValue]]]] = {
    PublishKind.PULL_REQUEST: (_from_node, NAME.schema),
    PublishKind.PUSH: (_from_node, NAME.schema),
    PublishKind.REVIEW: (_from_node, NAME.schema),
    PublishKind.COMMENT: (_from_body, TEMPLATE.schema),
    PublishKind.LABELS: (_from_labels, _LABELS.schema),
}
"""What may stand instead of a map, and its schema."""


def _read_target(kind: PublishKind, value: Yaml, reader: Reader) -> WrittenTarget:
    outer, reader.target = reader.target, kind.value
    try:
        if kind in _SHORT and not isinstance(value, MappingNode):
            keys, entries = _SHORT[kind][0](value, reader), {}
        else:
            keys = reader.mapping(value, TARGET_KEYS[kind])
            entries = value.entries if isinstance(value, MappingNode) else {}
    finally:
        reader.target = outer
    _check_labels(kind, keys, value)
    return WrittenTarget(target=_built(kind, keys, value, reader), at=value, entries=entries)


def _check_labels(kind: PublishKind, keys: Mapping[str, Any], value: Yaml) -> None:
    labels = (*keys.get("labels", ()), *keys.get("add", ()), *keys.get("remove", ()))
    if kind is PublishKind.LABELS and not labels:
        raise Misfit(value, "`labels` changes nothing", "write `labels: [NAME]`, or a map with `add` or `remove`")
    if len(labels) > MOST_LABELS:
        raise Misfit(value, f"{len(labels)} labels; at most {MOST_LABELS} are allowed")


def _built(kind: PublishKind, keys: Mapping[str, Any], value: Yaml, reader: Reader) -> Target:
    condition: Condition | None = keys.get("if")
    return Target(
        kind=kind,
        place=reader.place(value),
        source=keys.get("from", ""),
        labels=keys.get("labels", keys.get("add", ())),
        condition=condition.text if condition else None,
        asks_status=condition is not None and condition.asks_status,
        **{name: keys[name] for name in ("title", "body", "base", "draft", "remove", "reviewers") if name in keys},
    )


def _targets(kind: PublishKind) -> Shape[tuple[WrittenTarget, ...]]:
    """One target, or a list of them; a list of texts under `labels` is one target."""

    def read(value: Yaml, reader: Reader) -> tuple[WrittenTarget, ...]:
        if not isinstance(value, Sequence) or _is_list_of_texts(kind, value):
            return (_read_target(kind, value, reader),)
        at_most(MOST_TARGETS, value, f"`{kind.value}`")
        one = Shape(read=lambda item, reader: _read_target(kind, item, reader), schema={})
        found = (reader.attempt(one, item, None) for item in value.items)
        return tuple(each for each in found if each)

    forms: list[JsonValue] = [keys_schema(TARGET_KEYS[kind])]
    if kind in _SHORT:
        forms.append(_SHORT[kind][1])
    single: dict[str, JsonValue] = {"anyOf": forms}
    several: dict[str, JsonValue] = {"type": "array", "items": single, "maxItems": MOST_TARGETS}
    return Shape(read=read, schema={"anyOf": [*forms, several]})


def _is_list_of_texts(kind: PublishKind, value: Sequence) -> bool:
    return kind is PublishKind.LABELS and all(isinstance(item, Scalar) and not is_null(item) for item in value.items)


_MAXIMUM_KEYS: Final = Keys(
    place="`maximum`",
    keys={
        kind.value: Key(shape=number(least=1, whole=True), description=f"How many of `{kind}`; 1 without it")
        for kind in PublishKind
    },
)


def _read_pattern(value: Yaml, reader: Reader) -> str:
    text = TEXT.read(value, reader)
    if wrong := problem_of(text):
        hint = "write `\\` before a character that means itself"
        raise Misfit(value, f"`{text[:100]}` is no pattern: {wrong}", hint)
    return text


_PATTERNS: Final = listed(Shape(read=_read_pattern, schema=TEXT.schema))
_ALLOW_KEYS: Final = Keys(
    place="`allow`",
    keys={
        "labels": Key(shape=_PATTERNS, description="Patterns of the labels that may be set or taken off"),
        "paths": Key(
            shape=_PATTERNS, description="Patterns of the files that commits may change; `!` takes some out again"
        ),
    },
)


def _as_map(keys: Keys) -> Shape[dict[str, Any]]:
    return Shape(read=lambda value, reader: reader.mapping(value, keys), schema=keys_schema(keys))


_DESCRIPTIONS: Final = {
    PublishKind.PULL_REQUEST: "A pull request with the commit of a node",
    PublishKind.PUSH: "The commit of a node, onto the head of the pull request",
    PublishKind.REVIEW: "A review of the pull request: verdict and line comments of an agent's answer",
    PublishKind.COMMENT: "A comment on the pull request or issue",
    PublishKind.LABELS: "Labels of the pull request or issue",
    PublishKind.ISSUE: "A new issue",
}
PUBLISH_KEYS: Final = Keys(
    place="`publish`",
    keys={
        **{kind.value: Key(shape=_targets(kind), description=text) for kind, text in _DESCRIPTIONS.items()},
        "maximum": Key(shape=_as_map(_MAXIMUM_KEYS), description="How many of a kind, by kind; 1 of each without it"),
        "allow": Key(shape=_as_map(_ALLOW_KEYS), description="Which labels and which files, as patterns"),
        "dry-run": Key(shape=BOOLEAN, description="true: nothing leaves, and what would is shown"),
    },
    hints={"pr": "write `pull-request`", "pull_request": "write `pull-request`", "comments": "write `comment`"},
)


def _read(value: Yaml, reader: Reader) -> WrittenPublish:
    keys = reader.mapping(value, PUBLISH_KEYS)
    entries = value.entries if isinstance(value, MappingNode) else {}
    if not any(kind.value in entries for kind in PublishKind):
        kinds = ", ".join(f"`{kind}`" for kind in PublishKind)
        raise Misfit(value, "`publish` names nothing to publish", f"it takes {kinds}")
    written = tuple(each for kind in PublishKind for each in keys.get(kind.value, ()))
    allowed: dict[str, tuple[str, ...]] = keys.get("allow", {})
    publish = Publish(
        targets=tuple(each.target for each in written),
        maximum={PublishKind(name): most for name, most in keys.get("maximum", {}).items()},
        labels=allowed.get("labels"),
        paths=allowed.get("paths"),
        dry_run=keys.get("dry-run", False),
    )
    for kind in PublishKind:
        if (count := len(keys.get(kind.value, ()))) > publish.most(kind):
            hint = f"remove some, or write `maximum: {{{kind}: {count}}}`"
            reader.problem(entries[kind.value].key, f"{count} times `{kind}`, and {publish.most(kind)} allowed", hint)
    return WrittenPublish(publish=publish, targets=written)


PUBLISH: Final = Shape(
    read=_read,
    schema={**keys_schema(PUBLISH_KEYS), "anyOf": [{"required": [kind.value]} for kind in PublishKind]},
)
