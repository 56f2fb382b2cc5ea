"""Files that nobody but their user reads."""

from __future__ import annotations

from pathlib import Path


def write_private(file: Path, text: str) -> None:
    """Write it anew, in a folder that is made where it is missing."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
