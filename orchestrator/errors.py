"""Error families, by who must act on them, and the exit code each one ends a command with.

A message says what is wrong, where, and what to do next. Exceptions of third-party libraries are translated
once, in the adapter that met them, with the cause kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What a `mycelium` command ends with."""

    COMPLETED = 0
    FAILED = 1
    BAD_INPUT = 2
    BUG = 3
    WAITING = 4
    INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A position in a text file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong with what a person wrote: what, where, in which node, and what to do next."""

    message: str
    place: Place | None = None
    node: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        node = f"node `{self.node}`: " if self.node else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{node}{self.message}{hint}"


class MyceliumError(Exception):
    """The root of all errors Mycelium raises on purpose."""

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class BadInput(MyceliumError):
    """The caller must change what was given: an argument, a file, an input value."""

    exit_code = ExitCode.BAD_INPUT


class InvalidDefinition(BadInput):
    """Workflow or agent files with problems; carries every problem of every file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NotFound(BadInput):
    """A named workflow, execution, node, agent or file does not exist."""


class SetupError(MyceliumError):
    """Whoever operates the machine must act: a missing program, a port in use, a full disk, an old database."""

    exit_code = ExitCode.BAD_INPUT


class Conflict(MyceliumError):
    """The request does not fit the present state, as approving a node that does not wait."""

    exit_code = ExitCode.BAD_INPUT


class Unavailable(MyceliumError):
    """A service is out of reach for now; the same call may work later."""

    exit_code = ExitCode.BAD_INPUT


class StaleClaim(MyceliumError):
    """A write carried an epoch that is no longer current: another worker owns the node run now."""
