"""Which files a published commit may change, and which labels may be set.

What decides what runs next is protected: workflows of GitHub and of Mycelium, transcripts, agents, servers. A commit
changes such files only where the workflow names them; a pattern that happens to match, such as `**`, does not. A name
counts as the least exact file system reads it: whoever checks the commit out there would have the protected file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from orchestrator.definition.patterns import selects
from orchestrator.definition.publish import Publish
from orchestrator.execution.commit import FileChange

LONGEST_LABEL: Final = 50
"""Characters; GitHub refuses more."""

_ALWAYS: Final = (".github/**", ".claude/**", "agents/**.md", "plugins/*/agents/**")
_FILES: Final = ("mycelium.yaml", "mycelium.yml", ".mcp.json", ".gitmodules")
_FOLDERS: Final = (".github", ".claude", "agents", "plugins")
"""What would be there in a folder's place: a link leads whoever reads the folder elsewhere."""

_WORKFLOWS: Final = "workflows"
_OF_GIT: Final = frozenset({".git", ".", ".."})
_SHORT_NAME: Final = re.compile(r"[^.~]{1,6}~[0-9]+(\.[^.]{0,3})?")
"""The other name that Windows gives a file: `.github` is also `GITHUB~1`."""


def paths_of(changes: Iterable[FileChange]) -> list[str]:
    """Every path that the changes touch, old names of renamed files included; sorted."""
    touched = {path for change in changes for path in (change.path, change.previous_path) if path}
    return sorted(touched)


def refused_paths(publish: Publish, paths: Iterable[str], *, workflows_dir: str = _WORKFLOWS) -> list[str]:
    """Those of `paths` that may not be changed."""
    inside = (f"{workflows_dir}/{each}" for each in ("**.yaml", "**.yml", "**.replay/**"))
    folders = (*_FOLDERS, *_with_parents(workflows_dir))
    guarded = (*_ALWAYS, *_FILES, *inside, *folders)
    return [path for path in paths if not _may_change(publish.paths, path, guarded)]


def refused_labels(publish: Publish, labels: Iterable[str]) -> list[str]:
    """Those of `labels` that may not be set or taken off."""
    if publish.labels is None:
        return []
    return [label for label in labels if not selects(publish.labels, label)]


def workflows_dir(path: str, workflow_id: str) -> str:
    """The folder that the workflows lie in, by the path and the id of one of them."""
    inside = path.rpartition(".")[0]
    folder = inside.removesuffix(workflow_id).rstrip("/") if inside.endswith(workflow_id) else ""
    return folder or _WORKFLOWS


def _may_change(allowed: Sequence[str] | None, path: str, guarded: Sequence[str]) -> bool:
    read = _read_elsewhere(path)
    parts = read.split("/")
    if not _OF_GIT.isdisjoint(parts):
        return False
    guards = [pattern for pattern in guarded if selects([pattern.lower()], read)]
    if allowed is None:
        return not guards and not any(map(_SHORT_NAME.fullmatch, parts))
    named = (_named(allowed, path, pattern) for pattern in guards)
    return selects(allowed, path) and all(named) and not any(map(_SHORT_NAME.fullmatch, parts))


def _read_elsewhere(path: str) -> str:
    """The path for a file system that tells no cases and no forms of a character apart, and overlooks some.

    macOS overlooks characters without a width, Windows dots and blanks at the end of a name, and what follows a colon;
    and there a backslash is a slash.
    """
    text = "".join(each for each in unicodedata.normalize("NFKC", path) if unicodedata.category(each) != "Cf")
    parts = text.casefold().replace("\\", "/").split("/")
    return "/".join(part if part in _OF_GIT else part.partition(":")[0].rstrip(" .") for part in parts)


def _with_parents(folder: str) -> list[str]:
    parts = folder.split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _named(allowed: Sequence[str], path: str, guard: str) -> bool:
    """Whether a pattern that matches `path` begins with what the guard begins with, up to its first star."""
    start = guard.partition("*")[0].lower()
    return any(
        pattern.lower().startswith(start) and selects([pattern], path) for pattern in allowed if pattern[:1] != "!"
    )
