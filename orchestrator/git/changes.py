"""Reads what `--raw --numstat -z` of git's diff commands say about changed files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from orchestrator.execution.commit import FileChange

# One format for every command: no external diff, no text conversion, renames found, nothing from submodules.
DIFF_OPTIONS = ("--no-ext-diff", "--no-textconv", "--no-color", "-M", "--ignore-submodules=dirty")
CHANGE_OPTIONS = ("-r", "--raw", "--numstat", "-z", *DIFF_OPTIONS)
_STATUS = {"A": "added", "D": "deleted", "R": "renamed"}


def parse_changes(fields: Iterable[str]) -> tuple[FileChange, ...]:
    """The changed files of one comparison, in git's order."""
    words = iter(fields)
    statuses: dict[str, tuple[str, str | None]] = {}
    counts: dict[str, tuple[int | None, int | None]] = {}
    for word in words:
        if word.startswith(":"):
            _read_status(word, words, statuses)
        elif word:
            _read_counts(word, words, counts)
    return tuple(_change(path, status, previous, counts) for path, (status, previous) in statuses.items())


def _read_status(word: str, words: Iterator[str], statuses: dict[str, tuple[str, str | None]]) -> None:
    letter = word.rsplit(" ", 1)[1][0]
    first = next(words)
    if letter in "RC":
        statuses[next(words)] = (letter, first)
    elif letter != "U":
        statuses[first] = (letter, None)
    else:
        # An unmerged path is listed a second time when the work tree's side differs; the second one says more.
        statuses.setdefault(first, (letter, None))


def _read_counts(word: str, words: Iterator[str], counts: dict[str, tuple[int | None, int | None]]) -> None:
    added, deleted, path = word.split("\t", 2)
    if not path:
        next(words)
        path = next(words)
    counts[path] = (None, None) if added == "-" else (int(added), int(deleted))


def _change(
    path: str, status: str, previous: str | None, counts: dict[str, tuple[int | None, int | None]]
) -> FileChange:
    additions, deletions = counts.get(path, (None, None))
    return FileChange(
        path=shown(path),
        status=_STATUS.get(status, "modified"),
        additions=additions,
        deletions=deletions,
        previous_path=shown(previous) if previous else None,
    )


def shown(path: str) -> str:
    """A path as text that can be stored and shown: bytes that are not UTF-8 become `\\xe9`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
