"""Folders inside the user's checkout that ignore themselves."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import SetupError


def make_self_ignoring(folder: Path) -> None:
    """Make `folder`, with a `.gitignore` that hides it: `git status` stays clean without touching the user's own.

    A new one is for its owner alone, as logs and outputs lie in it; one that is there keeps its permissions.
    `SetupError` where it cannot be written.
    """
    note = folder / ".gitignore"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # An empty one is left by a full disk.
        if not note.exists() or not note.stat().st_size:
            note.write_text("# Made by Mycelium: nothing in this folder belongs into the repository.\n*\n")
    except OSError as error:
        raise SetupError(
            f"the folder {folder} cannot be written: {error.strerror}",
            hint="free some space, move away what is in the way, or set MYCELIUM_HOME_DIR to another folder",
        ) from error
