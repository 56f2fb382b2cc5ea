"""What the runner takes for commands in the log of a step.

After actions/runner, `ActionCommandManager`: a command begins a line with `::`, blanks aside, or stands anywhere in it
as `##[name]`. After `stop-commands` nothing counts but the word that was named with it.
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_NAMES = (
    *("add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "internal-set-repo-path"),
    *("notice", "remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning"),
)
_COMMAND = re.compile(r"::(?P<name>[^\s:]+)(?P<properties>\s[^:]*)?::(?P<data>.*)")
_OLD = re.compile(r"##\[(?P<name>[a-z-]+)(?P<properties>\s[^\]]*)?\](?P<data>.*)")


@dataclass(kw_only=True)
class Heeded:
    """`commands` are name, properties and data; `shown` are the lines that people see, with masked values hidden."""

    commands: list[tuple[str, str, str]] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, lines: Iterable[str]) -> Heeded:
        heeded, word = cls(), ""
        for line in lines:
            if word:
                if line.strip() == f"::{word}::":
                    word = ""
                else:
                    heeded._show(line)
                continue
            found = _COMMAND.fullmatch(line.lstrip()) or _OLD.search(line)
            if not found or found["name"] not in _NAMES:
                heeded._show(line)
            elif found["name"] == "stop-commands":
                word = found["data"]
            else:
                heeded._heed(found["name"], (found["properties"] or "").strip(), found["data"])
        return heeded

    def named(self, name: str) -> list[str]:
        """What commands of this name say."""
        return [data for each, _, data in self.commands if each == name]

    def _heed(self, name: str, properties: str, data: str) -> None:
        plain = data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
        self.commands.append((name, properties, plain))
        if name == "add-mask":
            self.masks.append(plain)

    def _show(self, line: str) -> None:
        for mask in self.masks:
            line = line.replace(mask, "***")
        self.shown.append(line)
