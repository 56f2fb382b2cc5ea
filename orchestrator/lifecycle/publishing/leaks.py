"""What commits that would leave hold of secrets: in their words, in the names of files, and in their content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrator.execution.allowed import paths_of
from orchestrator.execution.commit import Commit
from orchestrator.lifecycle.buried import Searcher
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.ports import Git
from orchestrator.lifecycle.ports.git import DIFF_GOES_ON

MOST_BYTES: Final = 100_000_000
"""How much of one commit's diff, and of all new files together, is looked through."""

_HOLDS: Final = "a commit holds the value of a secret"
_TOO_LARGE: Final = "a commit changes more than {most:,} bytes, too much to look through for secrets"


def leak(git: Git, mask: Mask, base: str, commits: Sequence[Commit]) -> str:
    """Why `commits`, which come after `base`, may not leave; empty where they may.

    Each of them becomes public, and not only the last one's files. Of text, the lines that are added count: a value
    that stands in the file already is no news. Of other files all bytes do.
    """
    said = "\n".join(f"{_words(commit)}\n{_names(commit)}" for commit in commits)
    if mask.holds(said):
        return _HOLDS
    searcher = Searcher(mask)
    new = git.new_files(base, commits[-1].sha, limit=MOST_BYTES)
    if new is None:
        return _TOO_LARGE.format(most=MOST_BYTES)
    if any(not _is_text(content) and searcher.found_in(content) for content in new):
        return _HOLDS
    for step in [*((commit.parents[0], commit.sha) for commit in commits if commit.parents), (base, commits[-1].sha)]:
        added = _added(git.diff(*step, limit=MOST_BYTES, as_text=True))
        if added is None:
            return _TOO_LARGE.format(most=MOST_BYTES)
        if searcher.found_in(added.encode("utf-8", "surrogatepass")) or mask.holds(added):
            return _HOLDS
    return ""


def _words(commit: Commit) -> str:
    trailers = "\n".join(f"{name}: {value}" for name, value in commit.trailers)
    return f"{commit.subject}\n{commit.body}\n{trailers}\n{commit.author_name}\n{commit.author_email}"


def _names(commit: Commit) -> str:
    """The files' names, whatever a diff would say of them."""
    return "\n".join(paths_of(commit.changes))


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _added(diff: str) -> str | None:
    """The lines that a diff adds; None of one that goes on."""
    if diff.rstrip("\n").rpartition("\n")[2].startswith(DIFF_GOES_ON):
        return None
    return "\n".join(line[1:] for line in diff.split("\n") if line.startswith("+"))
