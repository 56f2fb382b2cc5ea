"""What the runner reads in the log of a step: workflow commands, and everything else so that it is none."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Final, TextIO

from orchestrator.report.plain_text import reveal
from orchestrator.report.workflow_command import workflow_command

LEAST_MASKED: Final = 4
"""Shorter values stand everywhere, and hiding them would hide the log."""

_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


class JobLog:
    """The standard output of a step; to be used as a context manager, from several threads if need be.

    Inside the block the runner takes nothing for a command, whatever anybody prints, child processes included: only a
    word that nobody can guess ends that.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._word = secrets.token_hex(16)
        self._lock = threading.Lock()
        self._quiet = False

    @contextmanager
    def heeding_nothing(self) -> Generator[None]:
        """Keep the runner from taking anything for a command."""
        with self._lock:
            self._stop()
        try:
            yield
        finally:
            with self._lock:
                self._go_on()

    def line(self, text: str = "") -> None:
        """A line for people to read; control characters are spelled out."""
        with self._lock:
            self._write(printable(text))

    def mask(self, values: Iterable[str]) -> None:
        """Have the runner hide these wherever they show. Each line of a value is a value: that is how it looks."""
        lines = {line.strip() for value in values for line in (value, *value.splitlines())}
        for line in sorted(lines):
            if len(line) >= LEAST_MASKED:
                self._command("add-mask", line)

    def error(self, message: str, *, title: str = "") -> None:
        """An annotation of the run."""
        self._command("error", message, title=title)

    def warning(self, message: str, *, title: str = "") -> None:
        self._command("warning", message, title=title)

    def notice(self, message: str, *, title: str = "") -> None:
        self._command("notice", message, title=title)

    def commands(self, lines: str) -> None:
        """Commands that were written, and escaped, elsewhere."""
        with self._lock, self._heeded():
            self._write(lines.rstrip("\n"))

    @contextmanager
    def group(self, title: str) -> Generator[None]:
        """Lines that the page of the run folds away."""
        self._command("group", title)
        try:
            yield
        finally:
            self._command("endgroup", "")

    def _command(self, name: str, message: str, **properties: str) -> None:
        with self._lock, self._heeded():
            self._write(workflow_command(name, message, **properties))

    @contextmanager
    def _heeded(self) -> Generator[None]:
        quiet = self._quiet
        if quiet:
            self._go_on()
        yield
        if quiet:
            self._stop()

    def _stop(self) -> None:
        self._write(f"::stop-commands::{self._word}")
        self._quiet = True

    def _go_on(self) -> None:
        self._write(f"::{self._word}::")
        self._quiet = False

    def _write(self, text: str) -> None:
        # At once: child processes write into the same log.
        self._stream.write(text + "\n")
        self._stream.flush()


def printable(text: str) -> str:
    """`text` with control characters spelled out, and those that cannot be seen; line ends and tabs stay."""
    return text if text.isascii() and text.isprintable() else reveal(text.translate(_CONTROL))
