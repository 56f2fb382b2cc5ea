"""Folders inside the user's checkout that ignore themselves."""

from __future__ import annotations

from pathlib import Path


def make_self_ignoring(folder: Path) -> None:
    """Make `folder`, with a `.gitignore` that hides it: `git status` stays clean without touching the user's own."""
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / ".gitignore"
    if not note.exists():
        note.write_text("# Made by Mycelium: nothing in this folder belongs into the repository.\n*\n")
