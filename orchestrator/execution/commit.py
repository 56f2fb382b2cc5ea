"""Commits, and what they change in files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class FileChange:
    """One changed file. `status`: added, modified, deleted or renamed; counts are lines, None for binary files."""

    path: str
    status: str
    additions: int | None = None
    deletions: int | None = None
    previous_path: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit as pages and comments show it. `body` is the message without subject and trailers."""

    sha: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    at: datetime
    subject: str
    body: str = ""
    trailers: tuple[tuple[str, str], ...] = ()
    changes: tuple[FileChange, ...] = ()
