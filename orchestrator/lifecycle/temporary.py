"""Folders that live as long as one attempt."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.errors import SetupError


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """An empty folder for nobody else's eyes, gone after the block; `SetupError` where none can be made."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="mycelium-"))
    except OSError as error:
        hint = "make room, check permissions, or set TMPDIR to another folder"
        raise SetupError(f"no folder for temporary files can be made: {error.strerror}", hint=hint) from error
    try:
        yield folder
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Most attempts leave a flat folder, and removing that needs no more than a look at it."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                remove = os.rmdir if entry.is_dir(follow_symlinks=False) else os.unlink
                remove(entry.path)
        folder.rmdir()
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
