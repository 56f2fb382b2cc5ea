"""The shapes of what stands under the keys of a node: `needs`, `if`, `retry`, `approval`, `tools`, …"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from orchestrator.definition.document import Mapping, Scalar, Sequence, Yaml, described, is_null, resolved
from orchestrator.definition.expressions import uses_status_function
from orchestrator.definition.model import (
    Approval,
    Backoff,
    Budget,
    EdgeCondition,
    Need,
    Retry,
    RetryClass,
    SandboxMode,
    WorkspaceMode,
)
from orchestrator.definition.names_list import split_names
from orchestrator.definition.reader import Key, Keys, Misfit, Reader, Shape, nearest
from orchestrator.definition.shapes import (
    NAME,
    TEMPLATE,
    TEXT,
    choice,
    keys_schema,
    listed,
    matching,
    member,
    number,
)

ENGINES = ("claude", "codex", "replay")
_RECIPES = frozenset({"gemini", "opencode"})
"""Engines that a few lines in `mycelium.yaml` make."""

MINUTES = number(above=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """`defaults`: what a node has that does not say otherwise."""

    engine: str = "claude"
    model: str | None = None
    timeout_minutes: float = 30.0
    retry: Retry = field(default_factory=Retry)
    workspace: WorkspaceMode = WorkspaceMode.READ
    queue: str = "default"
    mcp: tuple[str, ...] = ()
    sandbox: SandboxMode = SandboxMode.AUTO
    budget: Budget | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """`if`: its text without `${{ }}`, and whether it asks for the status itself."""

    text: str
    asks_status: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """`needs`: the edges, and whether they were written as a list."""

    edges: tuple[Need, ...] = ()
    as_list: bool = True


_ATTEMPTS = number(least=1, whole=True)
_RETRY_KEYS = Keys(
    place="`retry`",
    keys={
        "attempts": Key(shape=_ATTEMPTS, description="How often in total, the first attempt included"),
        "backoff": Key(shape=member(Backoff, what="backoff"), description="How the delay grows: exponential (default)"),
        "delay-seconds": Key(shape=number(least=0), description="The first delay; 5 without it"),
        "on": Key(
            shape=listed(member(RetryClass, what="class of failure"), distinct=True),
            description="Failures worth another attempt; timeout, overloaded and lost without it",
        ),
    },
)


def _read_retry(value: Yaml, reader: Reader) -> Retry:
    if isinstance(value, Scalar):
        return Retry(attempts=int(_ATTEMPTS.read(value, reader)))
    keys = {name.replace("-", "_"): read for name, read in reader.mapping(value, _RETRY_KEYS).items()}
    return Retry(**keys)


def _read_condition(value: Yaml, reader: Reader) -> Condition:
    if not isinstance(value, Scalar) or is_null(value):
        raise Misfit(value, f"`if` is an expression, not {described(value)}")
    if isinstance(literal := resolved(value), bool):
        return Condition(text="true" if literal else "false", asks_status=False)
    text, offset = _bare(value)
    expression = reader.condition(value, text, offset)
    return Condition(text=text.strip(), asks_status=uses_status_function(expression))


def _bare(value: Scalar) -> tuple[str, int]:
    """The condition without its `${{ }}`, and where it starts."""
    stripped = value.value.strip()
    start = value.value.index(stripped)
    if stripped.startswith("${{") and stripped.endswith("}}") and "${{" not in stripped[3:]:
        return stripped[3:-2], start + 3
    if "${{" in stripped:
        raise Misfit(value, "`if` mixes `${{ }}` with other text", "write the whole condition without `${{ }}`")
    return stripped, start


def _read_needs(value: Yaml, reader: Reader) -> Needs:
    if not isinstance(value, Mapping):
        names = listed(NAME, distinct=True).read(value, reader)
        return Needs(edges=tuple(Need(node=name) for name in names))
    edges = []
    for name, entry in value.entries.items():
        when = reader.attempt(_WHEN, entry.value, None)
        edges.append(Need(node=name, when=when or EdgeCondition.ON_SUCCESS))
    return Needs(edges=tuple(edges), as_list=False)


_WHEN = member(EdgeCondition, what="edge condition")
NEEDS = Shape(
    read=_read_needs,
    schema={
        "anyOf": [
            listed(NAME).schema,
            {"type": "object", "propertyNames": NAME.schema, "additionalProperties": _WHEN.schema},
        ]
    },
)

_REVIEWER = matching(
    re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(?:_[A-Za-z0-9]+)?(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?"),
    "login or team",
    "such as `octocat` or `octo-org/core`",
)
_APPROVAL_KEYS = Keys(
    place="`approval`",
    keys={
        "message": Key(shape=TEMPLATE, description="What the person is asked"),
        "timeout-minutes": Key(shape=MINUTES, description="How long it waits; for ever without it"),
        "on-timeout": Key(shape=choice(("approve", "reject")), description="What silence means: reject (default)"),
        "reviewers": Key(
            shape=listed(_REVIEWER, distinct=True), description="Who may decide: logins, and teams as organisation/team"
        ),
        "minimum": Key(shape=number(least=1, whole=True), description="How many of them must agree; 1 without it"),
    },
)


def _read_approval(value: Yaml, reader: Reader) -> Approval:
    if is_null(value):
        return Approval()
    if isinstance(value, Scalar):
        return Approval(message=TEMPLATE.read(value, reader))
    keys = {name.replace("-", "_"): read for name, read in reader.mapping(value, _APPROVAL_KEYS).items()}
    teams = any("/" in name for name in keys.get("reviewers", ()))
    if keys.get("reviewers") and not teams and keys.get("minimum", 1) > len(keys["reviewers"]):
        raise Misfit(value, "`minimum` is more than there are `reviewers`", "name more, or ask fewer to agree")
    return Approval(**keys)


def _read_engine(value: Yaml, reader: Reader) -> str:
    engine = TEMPLATE.read(value, reader)
    if "${{" in engine or engine in reader.engines:
        return engine
    if engine in _RECIPES:
        hint = "the documentation of the project file has the lines that do"
        raise Misfit(value, f"mycelium.yaml does not describe the engine `{engine}`", hint)
    return choice((*ENGINES, *reader.engines), what="engine").read(value, reader)


def _read_tools(value: Yaml, reader: Reader) -> tuple[str, ...]:
    if isinstance(value, Sequence) and not value.items:
        return ()
    texts = listed(TEXT).read(value, reader)
    parts = texts if isinstance(value, Sequence) else tuple(split_names(texts[0]))
    return tuple(part.strip() for part in parts if part.strip())


def _read_server(value: Yaml, reader: Reader) -> str:
    name = TEXT.read(value, reader)
    if name not in reader.servers:
        hint = nearest(name, reader.servers) or "describe it under `mcp` in mycelium.yaml"
        raise Misfit(value, f"there is no MCP server `{name[:100]}`", hint)
    return name


AGENT_NAME = matching(re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*"), "name of an agent", "such as `code-reviewer`")
QUEUE = matching(re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*"), "name of a queue", "such as `linux`")
RETRY = Shape(read=_read_retry, schema={"anyOf": [_ATTEMPTS.schema, keys_schema(_RETRY_KEYS)]})
CONDITION = Shape(read=_read_condition, schema={"type": ["string", "boolean"]})
APPROVAL = Shape(read=_read_approval, schema={"anyOf": [{"type": ["string", "null"]}, keys_schema(_APPROVAL_KEYS)]})
ENGINE = Shape(read=_read_engine, schema={"anyOf": [{"enum": list(ENGINES)}, {"type": "string"}]})
TOOLS = Shape(read=_read_tools, schema=listed(TEXT).schema)
_SERVERS = listed(Shape(read=_read_server, schema={"type": "string", "minLength": 1}), distinct=True)
MCP = Shape(
    # No servers at all, where `defaults` has some.
    read=lambda value, reader: () if isinstance(value, Sequence) and not value.items else _SERVERS.read(value, reader),
    schema=_SERVERS.schema,
)
WORKSPACE = member(WorkspaceMode, what="workspace")
SANDBOX = member(SandboxMode, what="sandbox")
PRIORITY = number(least=-1000, whole=True)
