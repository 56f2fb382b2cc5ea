"""Reads one agent file: front matter between two `---` lines, then the prompt, in Claude Code's format.

https://code.claude.com/docs/en/sub-agents
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from orchestrator.definition.compose import compose
from orchestrator.definition.document import Mapping as MappingNode
from orchestrator.definition.document import plain
from orchestrator.definition.names_list import split_names
from orchestrator.errors import InvalidDefinition, Place, Problem

SIZE_LIMIT = 200_000
_FENCE = "---"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PLAIN = re.compile(r"(?P<key>[A-Za-z][\w-]*):(?: +(?P<value>.*))?")
_YAML_SYNTAX = tuple("[]{}\"'&*!|>%@`")


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentFile:
    """What an agent file says. `id` is the name if that is fit to be one, else the file's stem."""

    path: str
    id: str
    name: str
    description: str
    prompt: str
    category: str = ""
    tools: tuple[str, ...] | None = None
    model: str | None = None


def read(path: str, text: str) -> tuple[AgentFile | None, list[Problem]]:
    """The agent in a file, or None and everything that is wrong with it."""
    if len(text.encode()) > SIZE_LIMIT:
        return None, [_problem(path, 1, f"larger than {SIZE_LIMIT // 1000} KB")]
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != _FENCE:
        hint = "begin with `---`, `name: …`, `description: …`, `---`"
        return None, [_problem(path, 1, "no front matter", hint)]
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.rstrip() == _FENCE), None)
    if end is None:
        return None, [_problem(path, 1, "the front matter has no closing `---`")]
    keys, problems = _keys(path, lines[1:end])
    if problems:
        return None, problems
    return _agent(path, keys, lines[1:end], "\n".join(lines[end + 1 :]).strip())


def _keys(path: str, lines: list[str]) -> tuple[dict[str, object], list[Problem]]:
    try:
        tree, problems = compose("\n".join(lines), path)
    except InvalidDefinition as error:
        tree, problems = None, list(error.problems)
    if problems:
        known = _plain_keys(lines)
        return (known, []) if known is not None else ({}, [_below_fence(each) for each in problems])
    if not isinstance(tree, MappingNode):
        return {}, [_problem(path, 1, "the front matter is not a list of `key: value` lines")]
    return {key: plain(entry.value) for key, entry in tree.entries.items()}, []


def _below_fence(problem: Problem) -> Problem:
    """A problem of the front matter with its place in the file, one line further down."""
    place = problem.place and replace(problem.place, line=problem.place.line + 1)
    message = problem.message.removeprefix("malformed YAML: ")
    return replace(problem, message=f"the front matter is not YAML: {message}", place=place)


def _plain_keys(lines: list[str]) -> dict[str, object] | None:
    """`key: text` lines whose texts hold colons, as people write them and Claude Code reads them."""
    keys: dict[str, object] = {}
    for line in lines:
        match = _PLAIN.fullmatch(line.rstrip())
        if match is None:
            return None
        value = (match["value"] or "").strip()
        if value.startswith(_YAML_SYNTAX):
            return None
        keys[match["key"]] = value
    return keys


def _agent(
    path: str, keys: Mapping[str, object], lines: list[str], prompt: str
) -> tuple[AgentFile | None, list[Problem]]:
    problems = [
        _problem(path, 1, f"`{key}` is missing")
        for key in ("name", "description")
        if not isinstance(keys.get(key), str) or not str(keys[key]).strip()
    ]
    tools = keys.get("tools")
    if isinstance(tools, list):
        tools = [str(name) for name in tools if not isinstance(name, list | dict)]
    if tools is not None and not isinstance(tools, str | list):
        problems.append(_problem(path, _line_of("tools", lines), "`tools` is neither a text nor a list"))
    if not prompt:
        problems.append(_problem(path, len(lines) + 2, "the prompt after the front matter is missing"))
    if problems:
        return None, problems
    name = str(keys["name"]).strip()
    return AgentFile(
        path=path,
        id=name if _ID.fullmatch(name) else PurePosixPath(path).stem.rpartition("--")[2],
        name=name,
        description=str(keys["description"]).strip(),
        prompt=prompt,
        category=_text(keys.get("category")),
        tools=_tools(tools),
        model=_model(keys.get("model")),
    ), []


def _tools(value: object) -> tuple[str, ...] | None:
    """Names; a comma inside parentheses belongs to a name, as in `Bash(git log:*)`. None stands for all."""
    listed = split_names(value) if isinstance(value, str) else value if isinstance(value, list) else []
    names = tuple(str(name).strip() for name in listed if str(name).strip())
    return None if not names or names == ("*",) else names


def _model(value: object) -> str | None:
    return None if value in (None, "", "inherit") else _text(value) or None


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, list | dict) else str(value)


def _line_of(key: str, lines: list[str]) -> int:
    return next((number for number, line in enumerate(lines, start=2) if line.startswith(f"{key}:")), 1)


def _problem(path: str, line: int, message: str, hint: str | None = None) -> Problem:
    return Problem(message=message, place=Place(file=path, line=line), hint=hint)
