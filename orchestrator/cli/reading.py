"""Reading the files that people write: workflows and the project file."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISREG

from orchestrator.definition.compose import MAX_BYTES
from orchestrator.errors import InvalidDefinition, Place, Problem


def read(path: Path, name: str) -> bytes:
    """The content of a file that is called `name`; `InvalidDefinition` where it cannot be read.

    Of a file that is too large just enough is read for parsing to refuse it.
    """
    try:
        name.encode()
        # Opening a pipe would wait for somebody to write into it.
        if not S_ISREG(path.stat().st_mode):
            raise _unreadable(name, "it is no regular file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except UnicodeEncodeError as error:
        raise _unreadable(name, "its name is not UTF-8", "rename it") from error
    except OSError as error:
        raise _unreadable(name, error.strerror or str(error)) from error


def _unreadable(name: str, why: str, hint: str = "mend or remove it") -> InvalidDefinition:
    return InvalidDefinition([Problem(message=f"cannot be read: {why}", place=Place(file=name), hint=hint)])
