"""What `mycelium init` says: what it found, what becomes of each file, and what is left for people to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from orchestrator.cli.console import Console, printable
from orchestrator.cli.init.fate import Fate, File
from orchestrator.cli.init.found import Found
from orchestrator.cli.init.proposal import Proposal

_MARKS = {
    Fate.NEW: ("+", "green"),
    Fate.CHANGED: ("~", "yellow"),
    Fate.RIGHT: ("=", "green"),
    Fate.KEPT: ("!", "yellow"),
}
_RIGHT = "right as it is"


def headline(console: Console, name: str, found: Found) -> None:
    """What the repository is taken for."""
    console.line(console.styled(f"Mycelium in {name}", bold=True))
    parts = [", ".join(found.languages) or "no code yet"]
    parts.append(f"tests: {found.test}" if found.test else "no tests found")
    if found.agents:
        parts.append(f"{len(found.agents)} agent{'s' if len(found.agents) > 1 else ''} in .claude/agents")
    console.line(console.styled("  " + " · ".join(parts), dim=True))
    console.line()


def files(console: Console, proposal: Proposal) -> None:
    width = max(len(file.path) for file in proposal.files)
    for file in proposal.files:
        mark, colour = _MARKS[file.fate]
        why = file.why or _RIGHT
        console.line(f"  {console.styled(mark, fg=colour, bold=True)} {file.path.ljust(width)}  {printable(why)}")
    for problem in proposal.problems:
        console.problem(problem)


def beginning(console: Console, lines: Iterable[str]) -> None:
    """Where files are read from and the branch begins, where that is not as one would think."""
    for number, line in enumerate(lines):
        if not number:
            console.line()
        console.line(console.styled(f"  {line}", dim=True))


def warning(console: Console, words: str) -> None:
    console.line()
    console.line(f"  {console.styled('!', fg='yellow', bold=True)} {words}")


def differences(console: Console, proposal: Proposal) -> None:
    """Line by line, what would be written where something is there already."""
    for file in proposal.files:
        if file.before is not None and file.text != file.before and file.fate is not Fate.RIGHT:
            console.line()
            for line in _difference(file):
                colour = {"+": "green", "-": "red"}.get(line[:1])
                console.line(console.styled(line, fg=colour))


def _difference(file: File) -> Iterable[str]:
    before, after = (file.before or "").splitlines(), file.text.splitlines()
    return difflib.unified_diff(before, after, f"a/{file.path}", f"b/{file.path}", lineterm="", n=1)


def steps(console: Console, todo: Iterable[tuple[str, tuple[str, ...]]]) -> None:
    """Numbered, each with lines below it, such as a command to type."""
    listed = list(todo)
    if not listed:
        return
    console.line()
    console.line(console.styled("Next", bold=True))
    for number, (what, below) in enumerate(listed, 1):
        console.line(f"  {number}. {printable(what)}")
        for line in below:
            console.line(f"     {console.styled(line, fg='cyan')}")
