"""A person at a terminal: what it shows, and what they type where something is asked."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.fakes.checkout import Done

_ASKING = b": "
"""How questions end; nothing else that is shown ends so."""
_WIDE = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "xterm"}


def typed(words: Sequence[str], answers: Iterable[str], *, cwd: Path, environ: Mapping[str, str]) -> Done:
    """Run a command in a terminal, and answer each question it asks. One too many finds the terminal closed."""
    ours, theirs = pty.openpty()
    left = iter(answers)
    with subprocess.Popen(words, cwd=cwd, env={**environ, **_WIDE}, stdin=theirs, stdout=theirs, stderr=theirs) as run:
        os.close(theirs)
        shown = bytearray()
        try:
            while part := _read(ours):
                shown += part
                if shown.endswith(_ASKING) and (answer := next(left, None)) is not None:
                    os.write(ours, f"{answer}\n".encode())
                elif shown.endswith(_ASKING):
                    break
        finally:
            os.close(ours)
            code = run.wait()
    assert next(left, None) is None, shown.decode()
    return Done(code=code, stdout=shown.decode().replace("\r\n", "\n"), stderr="")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so where the last of those who wrote has ended.
        return b""
