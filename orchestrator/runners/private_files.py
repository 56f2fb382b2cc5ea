"""Files that nobody but their user reads, and that lie where their path says."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

_OWNERS: Final = 0o700


def write_private(file: Path, text: str) -> None:
    """Write it anew, in a folder that is made where it is missing."""
    file.parent.mkdir(mode=_OWNERS, parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")


def leave_plain(folder: Path) -> None:
    """Remove all below `folder` that is neither a file nor a folder, and open all folders to their owner.

    A program that was kept in there may have left links that lead out, which whoever reads and writes there by name
    would follow, and pipes at which they would wait.
    """
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        with suppress(OSError):
            place.chmod(_OWNERS)
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry))
                    elif not entry.is_file(follow_symlinks=False):
                        Path(entry).unlink()


def renew(folder: Path, kept: Iterable[str]) -> None:
    """Put an empty folder in the place of this one, with those of its folders that `kept` names. What was there lies
    beside it until that goes."""
    before = Path(mkdtemp(prefix=f"{folder.name}-", dir=folder.parent)) / folder.name
    folder.rename(before)
    folder.mkdir(mode=_OWNERS)
    for name in kept:
        if (before / name).is_dir():
            (folder / name).parent.mkdir(mode=_OWNERS, parents=True, exist_ok=True)
            (before / name).rename(folder / name)
