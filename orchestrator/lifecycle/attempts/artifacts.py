"""Files a node keeps: found by its patterns, inside its workspace only, into the blob store."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import Artifact
from orchestrator.lifecycle.attempts.attempt import Attempt
from orchestrator.lifecycle.buried import Searcher
from orchestrator.lifecycle.limits import MAX_ARTIFACT_BYTES, MAX_ARTIFACTS, left_out_because

_WILDCARDS: Final = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def keep_artifacts(attempt: Attempt, folder: Path) -> tuple[Artifact, ...]:
    """Store the files below `folder` that the node's `artifacts` name; a folder's name stands for all in it.

    Links are never followed. Past the limits of the node and of the execution files are left out, and so is what holds
    the value of a secret: pages show artifacts. The log says so.
    """
    searcher = Searcher(attempt.mask)
    room = MAX_ARTIFACT_BYTES - attempt.execution.artifact_bytes
    kept: list[Artifact] = []
    names = matching(folder, attempt.node.artifacts)
    if len(names) > MAX_ARTIFACTS:
        text = f"{len(names):,} files match `artifacts`; the first {MAX_ARTIFACTS:,} are kept (pack them into one)"
        attempt.log.say(text, level=Level.WARNING)
    for name in names[:MAX_ARTIFACTS]:
        size = (folder / name).stat(follow_symlinks=False).st_size
        if size > room:
            attempt.log.say(left_out_because(name, size), level=Level.WARNING)
            continue
        if searcher.found_in((folder / name).read_bytes()):
            attempt.log.say(f"artifact {name} is left out: it holds the value of a secret", level=Level.WARNING)
            continue
        room -= size
        kept.append(Artifact(name=name, digest=attempt.services.blobs.put(folder / name), size=size))
    missing = [pattern for pattern in attempt.node.artifacts if not any(_fits(pattern, each.name) for each in kept)]
    for pattern in missing:
        attempt.log.say(f"no file was kept for the artifact pattern {pattern}")
    return tuple(kept)


def matching(folder: Path, patterns: tuple[str, ...]) -> list[str]:
    """The regular files below `folder` that one of the patterns names, sorted."""
    if not patterns:
        return []
    return sorted(name for name in _files(folder) if any(_fits(pattern, name) for pattern in patterns))


def _files(folder: Path) -> Iterator[str]:
    """Regular files below `folder`, relative to it, without those of git. `walk` does not follow links to folders."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(folder).as_posix()


def _fits(pattern: str, name: str) -> bool:
    clean = PurePosixPath(pattern).as_posix()
    return any(re.match(_expression(each), name) for each in (clean, f"{clean}/**"))


def _expression(pattern: str) -> str:
    """A pattern as a regular expression: `**` crosses folders, `*` and `?` stay within one."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return "".join(_WILDCARDS.get(part, re.escape(part)) for part in parts) + r"\Z"
