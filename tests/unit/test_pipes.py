"""No script that ships pipes into a program that stops reading: under `pipefail` it fails on large repositories."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]

LEAVES: Final = re.compile(
    r"(?<!\|)\|&?\s*(?:command\s+)?"
    r"(head\b|grep\b(?=.*?\s(?:-[A-Za-z]*[qm]|--quiet|--silent|--max-count))|sed\b(?=[^|]*(?:[\d$;{]|['\"\s]/[^/|]*/)\s*[qQ]\b)"
    r"|awk\b(?=[^|]*\bexit\b)|read\b)"
)
"""A pipe into a program that ends at the first thing it likes."""

WHY: Final = (
    "pipes into a program that stops reading: once what comes through does not fit into the pipe (64 KB), the writer "
    "dies of SIGPIPE, and `pipefail` makes that the result. Write to a file in $TMPDIR and read that, or let "
    "`sed -n 1,40p` read to the end"
)

FENCED: Final = re.compile(r"^( *)```(?:sh|bash|yaml)\b[^\n]*\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
SCRIPTS: Final = ("workflows/**/*.yaml", ".github/workflows/*.yml", "action.yml", "action/setup/*.sh")
PAGES: Final = ("README.md", "docs/**/*.md", "orchestrator/agents/shipped/*.md", "workflows/**/*.md")


def shipped() -> Iterator[tuple[Path, str]]:
    """Files whose scripts run under `pipefail`, and what pages show to be copied."""
    for pattern in SCRIPTS:
        yield from ((path, path.read_text(encoding="utf-8")) for path in ROOT.glob(pattern))
    for path in (path for pattern in PAGES for path in ROOT.glob(pattern)):
        yield from ((path, found[2]) for found in FENCED.finditer(path.read_text(encoding="utf-8")))


def test_no_script_that_ships_pipes_into_what_stops_reading() -> None:
    texts = list(shipped())
    assert {path.suffix for path, _ in texts} == {".yaml", ".yml", ".sh", ".md"}
    lines = ((path, line.strip()) for path, text in texts for line in text.splitlines())
    assert [f"{path.relative_to(ROOT)}: `{line}` {WHY}" for path, line in lines if LEAVES.search(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        "git log | head -c 3900 >> summary",
        "{ echo a; git diff --stat; } |head",
        'git ls-files | grep -Eq "^a$" || missing=a',
        "git ls-files | grep -F -m 1 a",
        "git ls-files | grep --quiet a",
        "git log | sed 40q",
        "git log | sed -n '/a/ {p;q}'",
        "git log | awk '{print; exit}'",
        "git log | read -r first",
    ],
)
def test_such_a_pipe_is_found(line: str) -> None:
    assert LEAVES.search(line)


@pytest.mark.parametrize(
    "line",
    [
        "head -c 3900 file; false || head -n 1 file",
        "git log | sed -n 1,40p | sort",
        "git log | grep -E 'a q' | tail -n 3",
        "grep -q a file | cat",
        "awk '{ exit }' file",
        "git log | sed 's/q/r/'",
    ],
)
def test_what_reads_to_the_end_is_not(line: str) -> None:
    assert not LEAVES.search(line)
