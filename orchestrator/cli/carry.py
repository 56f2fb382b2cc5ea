"""Carrying an execution through in this terminal: show it, decide what waits, build its pages, say how it ended."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from shlex import quote

import click

from orchestrator.cli.console import Console
from orchestrator.cli.decisions import Desk, person
from orchestrator.cli.flush import flush
from orchestrator.cli.published import say
from orchestrator.cli.screens import Screen, screen
from orchestrator.errors import ExitCode, SetupError, Unavailable
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.following.follow import follow
from orchestrator.lifecycle.following.publication import until_published
from orchestrator.lifecycle.report import as_json
from orchestrator.lifecycle.services import Services
from orchestrator.report.view import ExecutionView
from orchestrator.settings import Settings

EXIT_CODES = {
    ExecutionStatus.COMPLETED: ExitCode.COMPLETED,
    ExecutionStatus.FAILED: ExitCode.FAILED,
    ExecutionStatus.CANCELLED: ExitCode.FAILED,
    ExecutionStatus.WAITING: ExitCode.WAITING,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Terminal:
    """Where progress, questions and the result go. With `as_json` stdout is one JSON object and nothing else."""

    console: Console
    screen: Screen
    desk: Desk
    as_json: bool

    @classmethod
    def standard(cls, environ: Mapping[str, str], *, as_json: bool, approve_unattended: bool) -> Terminal:
        """The terminal of this process."""
        console = Console.stderr() if as_json else Console.stdout()
        attended = sys.stdin.isatty() and console.stream.isatty() and not as_json
        desk = Desk(console=console, person=person(environ), attended=attended, approve_unattended=approve_unattended)
        return cls(console=console, screen=screen(console.stream, environ), desk=desk, as_json=as_json)


def carry(
    services: Services, settings: Settings, execution_id: str, terminal: Terminal, *, record: Path | None = None
) -> int:
    """Follow the execution until it ends or nobody here decides what it waits for; the exit code.

    What was recorded of its agents is written to the folder `record`. An interruption says how to go on later, and
    passes on: whoever holds the process tree ends it in a hurry.
    """
    try:
        _prepare_pages()
        seen = _until_settled(services, settings, execution_id, terminal)
        flush(services, execution_id, terminal.console)
        if record:
            _write_recorded(services, seen, terminal.console, record)
    except KeyboardInterrupt:
        terminal.console.line()
        terminal.console.line("Stopping the nodes at work. They start anew with:")
        terminal.console.line(f"  mycelium executions resume {execution_id}")
        raise
    if terminal.as_json:
        click.echo(json.dumps(as_json(seen), indent=2))
    return EXIT_CODES[seen.execution.status]


def _until_settled(services: Services, settings: Settings, execution_id: str, terminal: Terminal) -> ExecutionView:
    while True:
        with _resumable(execution_id), terminal.screen as shown:
            seen = until_published(services, follow(services, execution_id, shown))
        pages = _build_pages(services, settings)
        _say_where(terminal.console, seen, pages)
        say(terminal.console, seen)
        if seen.execution.status is not ExecutionStatus.WAITING or not terminal.desk.settle(services, seen):
            return seen


@contextmanager
def _resumable(execution_id: str) -> Iterator[None]:
    """Tell how to go on with an execution that stands still because of the machine."""
    try:
        yield
    except (SetupError, Unavailable) as error:
        what = f"{error.hint}; then go on" if error.hint else "go on"
        raise SetupError(error.message, hint=f"{what} with: mycelium executions resume {execution_id}") from error


def _prepare_pages() -> None:
    """Import and compile what builds pages, while the first nodes are at work."""
    import_module("orchestrator.site.build")
    from orchestrator.site.pages import warm_up

    warm_up()


def _build_pages(services: Services, settings: Settings) -> Path:
    from orchestrator.site.build import build
    from orchestrator.site.stored import StoredExecutions

    output = settings.home_dir / "site"
    try:
        build(StoredExecutions(services), output)
    except OSError as error:
        raise SetupError(
            f"{error.filename or output}: the pages cannot be written: {error.strerror}",
            hint="the execution is kept: make room or check permissions, then: mycelium site build",
        ) from error
    return output


def _write_recorded(services: Services, seen: ExecutionView, console: Console, folder: Path) -> None:
    from orchestrator.cli.transcripts import write_transcripts

    console.line(f"  recorded      {write_transcripts(services, seen.execution.id, folder)}")
    if not seen.execution.status.ended:
        console.line(
            f"                the others later: mycelium executions record {seen.execution.id} {quote(str(folder))}"
        )


def _say_where(console: Console, seen: ExecutionView, pages: Path) -> None:
    """The links, and what to type next."""
    from orchestrator.site.build import execution_page, pull_request_page

    execution = seen.execution
    console.line()
    if execution.result_branch:
        console.line(f"  branch        {execution.result_branch}")
        console.line(f"                git diff {(execution.merge_base or '')[:12]} {execution.result_branch}")
    console.line(f"  page          {execution_page(pages, execution.id).resolve().as_uri()}")
    console.line(f"  pull request  {pull_request_page(pages, execution.id).resolve().as_uri()}")
