"""The three standard streams as this process was given them, made fit to be used without asking."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

import click

from orchestrator.job_log import InertStream, in_a_job


def make_whole() -> None:
    """Put the null device where a stream is closed, and let no character be one that cannot be written.

    Without it, the next file that is opened would take the place of a closed stream and be written into: a database
    for example.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if _closed(number):
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - it stays open
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
            if in_a_job(os.environ):
                setattr(sys, name, _inert(stream))


def say_command(text: str) -> None:
    """Print workflow commands, for a runner of GitHub Actions to obey."""
    if isinstance(sys.stdout, InertStream):
        sys.stdout.command(text)
    elif text:
        click.echo(text)


def _inert(stream: TextIOWrapper) -> InertStream:
    made = InertStream(stream.buffer, stream.encoding, stream.errors, line_buffering=stream.line_buffering)
    made.before = stream
    return made


def _closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False
