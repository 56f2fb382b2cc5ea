"""Scripts for which no shell is needed, as GNU make tells them apart too."""

from __future__ import annotations

import re

# Nothing in these words means anything to a shell, and a first word with a slash is no builtin, alias or assignment.
_WORD = r"[A-Za-z0-9_./,:+@%=-]+"
_PLAIN = re.compile(rf"[ \t\n]*(/{_WORD}(?:[ \t]+{_WORD})*)[ \t\n]*\Z")


def plain_command(script: str) -> list[str] | None:
    """The words of a script that is a single command with an absolute path; None for anything a shell has to read."""
    found = _PLAIN.match(script)
    return found[1].split() if found else None
