"""Files that nobody but their user reads, and that lie where their path says."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path


def write_private(file: Path, text: str) -> None:
    """Write it anew, in a folder that is made where it is missing."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")


def leave_plain(folder: Path) -> None:
    """Remove all below `folder` that is neither a file nor a folder.

    A program that was kept in there may have left links that lead out, which whoever reads and writes there by name
    would follow, and pipes at which they would wait.
    """
    for place, folders, names in os.walk(folder):
        for path in (Path(place, name) for name in (*folders, *names)):
            with suppress(OSError):
                mode = path.lstat().st_mode
                if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                    path.unlink()
