"""The repository file `mycelium.yaml`: its keys, reading it with all its problems, and its JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from orchestrator.definition import document
from orchestrator.definition.checks_keys import CHECKS
from orchestrator.definition.compose import compose
from orchestrator.definition.document import Mapping, Yaml, described, is_null
from orchestrator.definition.engine_keys import engine
from orchestrator.definition.mcp_keys import server
from orchestrator.definition.model import JsonValue, Skipped
from orchestrator.definition.problems import in_order
from orchestrator.definition.project import BLACKBOARD, FILE, EngineTemplate, McpTemplate, Project, Replay
from orchestrator.definition.reader import Key, Keys, Misfit, Reader, Shape
from orchestrator.definition.shapes import BOOLEAN, MAX_ENTRIES, MAX_NAME, at_most, keyed, keys_schema
from orchestrator.errors import InvalidDefinition

BUILT_IN = ("claude", "codex", "replay", "scripted", "shell", "template")
"""Engines that Mycelium brings along; a template cannot take their names."""

_ENGINE_NAME = re.compile(r"[A-Za-z](?:[_-]?[A-Za-z0-9])*")
# Claude Code calls the tools of a server `mcp__NAME__TOOL`, so that two `_` would be ambiguous.
_SERVER_NAME = re.compile(r"[A-Za-z0-9](?:[_-]?[A-Za-z0-9])*")
_NAME_HINT = "letters and digits, with a `_` or `-` between them, at most 100 characters"

T = TypeVar("T")


def _by_name(pattern: re.Pattern[str], item: Callable[[str], Shape[T]], taken: dict[str, str]) -> Shape[dict[str, T]]:
    """A map from names to what `item` makes of each; `taken` are names with what to say of them."""

    def read(value: Yaml, reader: Reader) -> dict[str, T]:
        if is_null(value):
            return {}
        if not isinstance(value, Mapping):
            raise Misfit(value, f"`{reader.field}` is a map from names, not {described(value)}")
        at_most(MAX_ENTRIES, value, f"`{reader.field}`")
        found: dict[str, T] = {}
        for name, entry in value.entries.items():
            if not pattern.fullmatch(name) or len(name) > MAX_NAME:
                reader.problem(entry.key, f"`{name[:MAX_NAME]}` is no name", _NAME_HINT)
            elif name in taken:
                reader.problem(entry.key, f"`{name}` is {taken[name]}", "choose another name")
            elif (made := reader.attempt(item(name), entry.value, None)) is not None:
                found[name] = made
        return found

    schema: dict[str, JsonValue] = {
        "type": ["object", "null"],
        "propertyNames": {"pattern": f"^{pattern.pattern}$", "maxLength": MAX_NAME},
        "maxProperties": MAX_ENTRIES,
        "additionalProperties": item("").schema,
    }
    return Shape(read=read, schema=schema)


_ENGINES: Shape[dict[str, EngineTemplate]] = _by_name(
    _ENGINE_NAME, engine, dict.fromkeys(BUILT_IN, "an engine that Mycelium brings along")
)
_SERVERS: Shape[dict[str, McpTemplate]] = _by_name(
    _SERVER_NAME, server, {BLACKBOARD: "the blackboard that Mycelium brings along"}
)
REPLAY_KEYS = Keys(
    place="`replay`",
    keys={"strict": Key(shape=BOOLEAN, description="Whether a prompt that was not recorded fails the node")},
)
PROJECT_KEYS = Keys(
    place=f"`{FILE}`",
    keys={
        "engines": Key(shape=_ENGINES, description="Engines made of any command line tool, by name"),
        "mcp": Key(shape=_SERVERS, description="MCP servers that nodes may name under `mcp`"),
        "checks": Key(shape=CHECKS, description="How check runs tell what became of nodes, unless a workflow says it"),
        "replay": Key(shape=keyed(REPLAY_KEYS, lambda keys, *_: Replay(**keys)), description="How transcripts play"),
    },
    hints={
        "nodes": "workflows are files in the workflows folder",
        "mcpServers": "write `mcp`",
        "servers": "write `mcp`",
        "engine": "write `engines`",
    },
)


def parse_project(text: str | bytes, path: str = FILE) -> Project:
    """The project file in `text`; `path` names it in problems. `InvalidDefinition` with every problem of the file."""
    root, problems = compose(text, path)
    reader = Reader(path, problems)
    project = Project()
    try:
        if root is not None and not document.is_null(root):
            project = _project(**reader.mapping(root, PROJECT_KEYS))
    except Misfit as misfit:
        reader.problem(misfit.at, misfit.message, misfit.hint)
    except InvalidDefinition as error:
        raise InvalidDefinition(in_order(error.problems)) from error
    if reader.problems:
        raise InvalidDefinition(in_order(reader.problems))
    return project


def _project(*, checks: Skipped | None = None, **keys: Any) -> Project:
    return Project(**keys, skipped=checks or Skipped.NEUTRAL)


def project_schema() -> dict[str, JsonValue]:
    """A draft 2020-12 schema of the project file, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Mycelium project file",
        "description": "Engines, MCP servers and check runs of a repository.",
        **keys_schema(PROJECT_KEYS),
    }
