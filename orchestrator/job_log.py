"""Output in a job of GitHub Actions, where a line can be a command to the runner: what is printed here is none.

A line that begins with `::`, after blanks, is a command, and so is what follows `##[` anywhere in a line. With them
text of outsiders could set outputs, hide words of the log, or end the hearing of commands.
https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import TextIOWrapper
from typing import Final

_BREAK: Final = "\u200b"
"""A character without a width, which makes of a command the text that it looks like."""

_COMMAND: Final = re.compile(r"(?:(?<=[\r\n])|\A)(\s*:)(?=:)|(##)(?=\[)")
_ENDS: Final = re.compile(r"[\r\n]")


def in_a_job(environ: Mapping[str, str]) -> bool:
    """Whether a runner of GitHub Actions reads what this process prints."""
    return environ.get("GITHUB_ACTIONS") == "true"


def inert(text: str) -> str:
    """`text`, which begins a line, without anything that a runner would obey."""
    return _COMMAND.sub(rf"\g<0>{_BREAK}", text)


class InertStream(TextIOWrapper):
    """A stream whose text is inert, also where a command comes in pieces; `command` says what is meant as one."""

    before: TextIOWrapper | None = None
    """The stream in whose place it is: nobody may close what both write to."""

    _begun = ""
    """What of the line so far could become a command with what follows."""

    def write(self, text: str) -> int:
        whole = self._begun + text
        super().write(inert(whole)[len(self._begun) :])
        self._begun = _unfinished(whole)
        return len(text)

    def command(self, text: str) -> None:
        """Print lines that the runner is to obey."""
        if text:
            super().write(f"{text}\n")
        self._begun = ""


def _unfinished(text: str) -> str:
    line = _ENDS.split(text)[-1]
    bare = line.strip()
    if bare in ("", ":"):
        return bare
    hashes = len(line) - len(line.rstrip("#"))
    return "x" + "#" * min(hashes, 2)
