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


def shown(path: Path) -> str:
    """`path` as people would type it here: relative to the current folder where it lies below it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
