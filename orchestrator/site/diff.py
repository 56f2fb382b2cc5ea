"""A unified diff as files, hunks and numbered lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from orchestrator.report.plain_text import clip, reveal, visible

MAX_LINES = 4_000
MAX_LINES_A_FILE = 800
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)")
_KINDS = {"+": "add", "-": "del", " ": "same"}


@dataclass(frozen=True, kw_only=True, slots=True)
class DiffLine:
    """`kind` is add, del, same, hunk or note; a side that lacks the line has number None."""

    kind: str
    text: str
    old: int | None = None
    new: int | None = None


@dataclass(kw_only=True, slots=True)
class FileDiff:
    """One file of a diff. `hidden` counts lines that were left out because there are too many."""

    path: str
    status: str = "modified"
    additions: int = 0
    deletions: int = 0
    lines: list[DiffLine] = field(default_factory=list)
    hidden: int = 0


def file_diffs(text: str) -> tuple[FileDiff, ...]:
    """The files of a unified diff as `git diff` writes it; what cannot be read is left out."""
    files: list[FileDiff] = []
    budget = MAX_LINES
    for section in _sections(text):
        parsed = _parsed(section, min(MAX_LINES_A_FILE, max(0, budget)))
        budget -= len(parsed.lines)
        files.append(parsed)
    return tuple(files)


def _sections(text: str) -> Iterable[list[str]]:
    section: list[str] = []
    for line in text.split("\n"):
        if line.startswith("diff --git "):
            if section:
                yield section
            section = [line]
        elif section:
            section.append(line)
    if section:
        yield section


def _parsed(section: list[str], limit: int) -> FileDiff:
    start = next((at for at, line in enumerate(section) if line.startswith("@@ ")), len(section))
    parsed = _header(section[:start])
    old = new = left_old = left_new = 0
    for line in section[start:]:
        hunk = _HUNK.match(line) if left_old <= 0 and left_new <= 0 else None
        if hunk:
            old, new = int(hunk[1]), int(hunk[3])
            left_old, left_new = int(hunk[2] or 1), int(hunk[4] or 1)
            _append(parsed, DiffLine(kind="hunk", text=_text(line)), limit)
            continue
        kind = _KINDS.get(line[:1])
        if kind is None or (left_old <= 0 and left_new <= 0):
            if line.startswith("\\"):
                _append(parsed, DiffLine(kind="note", text=_text(line[2:])), limit)
            continue
        shown = DiffLine(
            kind=kind, text=_text(line[1:]), old=old if kind != "add" else None, new=new if kind != "del" else None
        )
        old, left_old = (old + 1, left_old - 1) if kind != "add" else (old, left_old)
        new, left_new = (new + 1, left_new - 1) if kind != "del" else (new, left_new)
        parsed.additions += kind == "add"
        parsed.deletions += kind == "del"
        _append(parsed, shown, limit)
    return parsed


def _append(parsed: FileDiff, line: DiffLine, limit: int) -> None:
    if len(parsed.lines) < limit:
        parsed.lines.append(line)
    else:
        parsed.hidden += 1


def _header(lines: list[str]) -> FileDiff:
    parsed = FileDiff(path=_path(lines[0].rpartition(" b/")[2]))
    for line in lines[1:]:
        if line.startswith("new file"):
            parsed.status = "added"
        elif line.startswith("deleted file"):
            parsed.status = "deleted"
        elif line.startswith("rename to "):
            parsed.status, parsed.path = "renamed", _path(line[10:])
        elif line.startswith("+++ b/") or (line.startswith("--- a/") and parsed.status == "deleted"):
            parsed.path = _path(line[6:])
        elif line.startswith(("Binary files", "GIT binary patch")):
            parsed.lines.append(DiffLine(kind="note", text="Binary file"))
    return parsed


def _path(text: str) -> str:
    return visible(text.strip('"\t'))


def _text(line: str) -> str:
    """Escape sequences are spelled out and not removed: they could take the code after them along."""
    return clip(reveal(line.replace("\r", "␍")), 2_000)
