"""Where a command stands: the repository around the current folder, and its settings."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator import settings
from orchestrator.errors import BadInput
from orchestrator.settings import Settings


def repository_root(start: Path) -> Path:
    """The nearest folder at or above `start` that holds `.git`, else `start`: reading files needs no repository."""
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), start)


def current_settings() -> Settings:
    """The settings of this process in the repository it stands in."""
    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        raise BadInput("the folder this command stands in is gone", hint="go to one that exists") from error
    return settings.load(repository_root(here), os.environ)


def repository_settings() -> Settings:
    """`current_settings` for what lives in a repository's home folder: `BadInput` where there is neither of them.

    Otherwise to look at nothing would make a home folder, wherever one happens to stand.
    """
    from orchestrator.git.discovery import find_root

    found = current_settings()
    made_here = found.home_dir.is_relative_to(found.root) and not found.home_dir.exists()
    if made_here and not (found.root / ".git").exists():
        find_root(Path.cwd(), os.environ)
    return found


def shown(path: Path) -> str:
    """`path` as people would type it here: relative to the current folder where it lies below it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
