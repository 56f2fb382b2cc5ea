"""Which files a published commit may change, and which labels may be set.

What decides what runs next is protected: workflows of GitHub and of Mycelium, agents, servers. A commit changes such
files only where the workflow names them; a pattern that happens to match, such as `**`, does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from orchestrator.definition.patterns import selects
from orchestrator.definition.publish import Publish
from orchestrator.execution.state import FileChange

LONGEST_LABEL: Final = 50
"""Characters; GitHub refuses more."""

_ALWAYS: Final = (".github/**", ".claude/**", "agents/**.md", "plugins/*/agents/**")
_FILES: Final = ("mycelium.yaml", "mycelium.yml", ".mcp.json", ".gitmodules")
_WORKFLOWS: Final = "workflows"


def paths_of(changes: Iterable[FileChange]) -> list[str]:
    """Every path that the changes touch, old names of renamed files included; sorted."""
    touched = {path for change in changes for path in (change.path, change.previous_path) if path}
    return sorted(touched)


def refused_paths(publish: Publish, paths: Iterable[str], *, workflows_dir: str = _WORKFLOWS) -> list[str]:
    """Those of `paths` that may not be changed."""
    guarded = (*_ALWAYS, *_FILES, f"{workflows_dir}/**.yaml", f"{workflows_dir}/**.yml")
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
    # Some file systems tell no cases apart, and a checkout there would run what lies in `.GitHub`.
    guards = [pattern for pattern in guarded if selects([pattern.lower()], path.lower())]
    if allowed is None:
        return not guards
    return selects(allowed, path) and all(_named(allowed, path, pattern) for pattern in guards)


def _named(allowed: Sequence[str], path: str, guard: str) -> bool:
    """Whether a pattern that matches `path` begins with what the guard begins with, up to its first star."""
    start = guard.partition("*")[0].lower()
    return any(
        pattern.lower().startswith(start) and selects([pattern], path) for pattern in allowed if pattern[:1] != "!"
    )
