"""What git's diff commands say about changed files."""

from __future__ import annotations

import os

from orchestrator.execution.commit import FileChange
from orchestrator.git.changes import parse_changes

SHAS = f"{'1' * 40} {'2' * 40}"


def test_every_status_is_read() -> None:
    fields = [
        f":100644 100644 {SHAS} M", "a b\n.txt",
        f":000000 100644 {SHAS} A", "new",
        f":100644 000000 {SHAS} D", "old",
        f":100644 100644 {SHAS} R086", "from", "to",
        f":100644 120000 {SHAS} T", "link",
        f":100644 100644 {SHAS} M", "logo.png",
        "3\t1\ta b\n.txt", "1\t0\tnew", "0\t9\told", "2\t2\t", "from", "to", "1\t1\tlink", "-\t-\tlogo.png",
    ]  # fmt: skip
    assert parse_changes(fields) == (
        FileChange(path="a b\n.txt", status="modified", additions=3, deletions=1),
        FileChange(path="new", status="added", additions=1, deletions=0),
        FileChange(path="old", status="deleted", additions=0, deletions=9),
        FileChange(path="to", status="renamed", additions=2, deletions=2, previous_path="from"),
        FileChange(path="link", status="modified", additions=1, deletions=1),
        FileChange(path="logo.png", status="modified"),
    )


def test_a_path_that_is_not_utf_8_can_be_shown() -> None:
    path = os.fsdecode(b"caf\xe9")
    assert parse_changes([f":000000 100644 {SHAS} A", path, f"1\t0\t{path}"])[0].path == "caf\\xe9"


def test_nothing_is_nothing() -> None:
    assert parse_changes([]) == ()
