"""The workflow commands of GitHub Actions, as a node prints them: parsing, and nothing else.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

from orchestrator.execution.outcome import Annotation
from orchestrator.report.plain_text import clip

_COMMAND = re.compile(r"\s*::(?P<name>[A-Za-z-]+)(?: (?P<properties>.*?))?::(?P<message>.*)", re.DOTALL)
_ESCAPE = re.compile("%(25|0D|0A|3A|2C)", re.IGNORECASE)
_MEANING = {"25": "%", "0D": "\r", "0A": "\n", "3A": ":", "2C": ","}
_ONLY_IN_PROPERTIES = ("3A", "2C")


LONGEST_MESSAGE = 4000
LONGEST_PROPERTY = 500
"""Characters of a remark, and of its title and path: a thousand remarks are stored and shown together."""


class CommandName(StrEnum):
    """The commands that mean something here."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"
    DEBUG = "debug"
    GROUP = "group"
    ENDGROUP = "endgroup"
    ADD_MASK = "add-mask"
    STOP_COMMANDS = "stop-commands"
    ECHO = "echo"
    ADD_MATCHER = "add-matcher"
    REMOVE_MATCHER = "remove-matcher"
    SET_OUTPUT = "set-output"
    SAVE_STATE = "save-state"
    SET_ENV = "set-env"
    ADD_PATH = "add-path"


ANNOTATING = {CommandName.ERROR: "failure", CommandName.WARNING: "warning", CommandName.NOTICE: "notice"}
"""Commands that make an annotation, and its level."""

WITHDRAWN = frozenset(
    {CommandName.SET_OUTPUT, CommandName.SAVE_STATE, CommandName.SET_ENV, CommandName.ADD_PATH},
)
"""Commands that GitHub replaced by files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkflowCommand:
    """`::name key=value,…::message`, with its escapes resolved."""

    name: CommandName
    properties: Mapping[str, str] = field(default_factory=dict)
    message: str = ""


def parse(line: str) -> WorkflowCommand | None:
    """The command in a line, or None for ordinary text, an unknown name included."""
    match = _COMMAND.fullmatch(line)
    if match is None:
        return None
    try:
        name = CommandName(match["name"].lower())
    except ValueError:
        return None
    return WorkflowCommand(
        name=name, properties=_properties(match["properties"] or ""), message=unescape(match["message"])
    )


def resumes(line: str, token: str) -> bool:
    """Whether a line is the `::token::` that ends `stop-commands`."""
    return line.strip() == f"::{token}::"


def unescape(text: str, *, in_property: bool = False) -> str:
    """Resolve `%25 %0D %0A`, and in a property also `%3A %2C`."""

    def meaning(match: re.Match[str]) -> str:
        code = match[1].upper()
        return match[0] if code in _ONLY_IN_PROPERTIES and not in_property else _MEANING[code]

    return _ESCAPE.sub(meaning, text)


def annotation(command: WorkflowCommand, workspace: str) -> Annotation:
    """The remark that `error`, `warning` or `notice` makes; an absolute path becomes relative to the workspace."""
    get = command.properties.get
    line = _number(get("line", "")) or 1
    return Annotation(
        level=ANNOTATING[command.name],
        message=clip(command.message, LONGEST_MESSAGE),
        path=_relative(get("file", ""), workspace)[:LONGEST_PROPERTY],
        start_line=line,
        end_line=max(line, _number(get("endline", "")) or line),
        start_column=_number(get("col", "")),
        end_column=_number(get("endcolumn", "")),
        title=clip(get("title", ""), LONGEST_PROPERTY),
    )


def _properties(text: str) -> dict[str, str]:
    pairs = (piece.split("=", 1) for piece in text.split(",") if "=" in piece)
    return {key.strip().lower(): unescape(value, in_property=True) for key, value in pairs}


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0 else None


def _relative(path: str, workspace: str) -> str:
    pure = PurePosixPath(path)
    if not path or not pure.is_absolute():
        return path.removeprefix("./")
    return str(pure.relative_to(workspace)) if pure.is_relative_to(workspace) else path
