"""Where agent files lie: those that ship with Mycelium, and those of a repository's folder."""

from __future__ import annotations

from pathlib import Path

from orchestrator.agents.front_matter import SIZE_LIMIT
from orchestrator.agents.library import Library, build, is_agent_path

SHIPPED = Path(__file__).with_name("shipped")
_FOLDERS = (".claude/agents", "agents", "plugins")


def shipped() -> dict[str, str]:
    """The shipped agent files, by file name."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(SHIPPED.iterdir()) if file.is_file()}


def of_folder(root: Path) -> dict[str, str]:
    """The agent files below a repository's root, by path. Links are not followed; bad bytes are replaced, and of a
    file that is too long just enough is read to say so."""
    files: dict[str, str] = {}
    for folder in _FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            path = file.relative_to(root).as_posix()
            if is_agent_path(path) and file.is_file() and not file.is_symlink():
                with file.open("rb") as opened:
                    files[path] = opened.read(SIZE_LIMIT + 1).decode("utf-8", "replace")
    return files


def library(root: Path) -> Library:
    """All agents that a workflow in the repository at `root` may name."""
    return build(of_folder(root), shipped=shipped())
