"""How a command ends: every exception becomes a message on stderr and an exit code, here and nowhere else."""

from __future__ import annotations

import errno
import os
import platform
import signal
import sys
import tempfile
import traceback
from pathlib import Path

import click

from orchestrator import __version__
from orchestrator.cli.console import Console
from orchestrator.errors import ExitCode, InvalidDefinition, MyceliumError

DEBUG_VARIABLE = "MYCELIUM_DEBUG"

_ROOM = "the disk is full: make room, then run the same command again"
_RIGHTS = "check its owner and permissions, then run the same command again"
_MACHINE = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: "raise the limit for the size of files: ulimit -f",
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: "the disk is read-only: mount it for writing, or name another folder in the settings",
    errno.EIO: "the disk does not answer as it should: check it",
    errno.EMFILE: "raise the limit for open files: ulimit -n",
    errno.ENFILE: "too many files are open on this machine: close some programs",
    errno.ENOMEM: "there is no memory left: close some programs, or lower MYCELIUM_CONCURRENCY",
    errno.ENAMETOOLONG: "use a shorter path",
}
"""What the machine may refuse anywhere, and what to do about it; anything else of its kind is a bug."""


def ended(program: click.Command, arguments: list[str] | None = None) -> int:
    """Run `program` with `arguments` (this process's by default); the exit code to end with."""
    try:
        result = program.main(args=arguments, prog_name="mycelium", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:
        return _report(error)
    return result if isinstance(result, int) else ExitCode.COMPLETED


def _report(error: BaseException) -> int:
    console = Console.stderr()
    if os.environ.get(DEBUG_VARIABLE) and not isinstance(error, SystemExit | BrokenPipeError | click.exceptions.Exit):
        console.line("".join(traceback.format_exception(error)).rstrip())
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else ExitCode.COMPLETED
        case click.exceptions.Exit():
            return error.exit_code
        case KeyboardInterrupt() | click.Abort():
            console.line("Interrupted.")
            return ExitCode.INTERRUPTED
        case BrokenPipeError():
            return _closed_pipe()
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return ExitCode.BAD_INPUT
        case click.ClickException():
            usage = error.ctx.get_usage() if isinstance(error, click.UsageError) and error.ctx else None
            console.error(error.format_message(), hint=usage)
            return ExitCode.BAD_INPUT
        case MyceliumError():
            _expected(console, error)
            return error.exit_code
        case OSError() if error.errno in _MACHINE:
            _drop_unwritable()
            where = f"{error.filename}: " if error.filename else "reading or writing failed: "
            console.error(f"{where}{error.strerror}", hint=_MACHINE[error.errno])
            return ExitCode.BAD_INPUT
        case _:
            _bug(console, error)
            return ExitCode.BUG


def _expected(console: Console, error: MyceliumError) -> None:
    if isinstance(error, InvalidDefinition):
        for problem in error.problems:
            console.problem(problem)
    else:
        console.error(error.message, hint=error.hint)


def _closed_pipe() -> int:
    _drop_unwritable()
    return 128 + signal.SIGPIPE


def _drop_unwritable() -> None:
    """The interpreter flushes stdout once more at its end; what fails there is printed, and changes the exit code."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _bug(console: Console, error: BaseException) -> None:
    console.error(f"This is a bug in Mycelium: {type(error).__name__}: {error}")
    report = _crash_report(error)
    where = f"the file {report}" if report else f"what `{DEBUG_VARIABLE}=1` shows"
    console.line(f"  Please report it with {where}; look through it first, it may name files of yours.")


def _crash_report(error: BaseException) -> Path | None:
    """A file with what a maintainer needs; None where none can be written. No environment, no arguments' values."""
    text = "\n".join(
        (
            f"Mycelium {__version__}",
            f"Python {platform.python_version()} on {platform.platform()}",
            f"Command: mycelium {_verbs()}",
            "",
            "".join(traceback.format_exception(error)),
        )
    )
    try:
        handle, name = tempfile.mkstemp(prefix="mycelium-crash-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return None
    return Path(name)


def _verbs() -> str:
    """The words before the first option: inputs given on the command line may be secrets."""
    words = []
    for word in sys.argv[1:3]:
        if not word.isalpha():
            break
        words.append(word)
    return " ".join(words)
