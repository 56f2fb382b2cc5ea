"""`mycelium executions`: the history of this repository's executions, and control over them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from orchestrator.cli.console import Console, printable, printable_json
from orchestrator.cli.lazy import LazyGroup, Verb
from orchestrator.cli.place import repository_settings
from orchestrator.execution.log_line import Level, LogLine
from orchestrator.execution.state import Execution, ExecutionStatus
from orchestrator.report.duration import human_duration, span_seconds
from orchestrator.settings import Settings

REFERENCE = click.argument("execution", default="latest")
CONTROL = {
    "cancel": Verb(target="orchestrator.cli.control:cancel", summary="Stop an execution."),
    "rerun": Verb(target="orchestrator.cli.control:rerun", summary="Run an ended execution again, or a part of it."),
    "resume": Verb(target="orchestrator.cli.control:resume", summary="Go on with an interrupted execution."),
    "approve": Verb(target="orchestrator.cli.control:approve", summary="Let an approval pass."),
    "reject": Verb(target="orchestrator.cli.control:reject", summary="Stop at an approval."),
}
HISTORY = {
    "list": Verb(target="orchestrator.cli.executions:list_", summary="List executions, newest first."),
    "show": Verb(target="orchestrator.cli.executions:show", summary="Show one execution and its nodes."),
    "logs": Verb(target="orchestrator.cli.executions:logs", summary="Print the log of an execution."),
    "fetch": Verb(target="orchestrator.cli.executions:fetch", summary="Make the result a branch of this repository."),
    "record": Verb(target="orchestrator.cli.executions:record", summary="Write what was recorded of its agents."),
}


@click.group(cls=LazyGroup, sections={"History": HISTORY, "Control": CONTROL})
def executions() -> None:
    """Look at the executions of this repository, and control them.

    EXECUTION is an id, the beginning of one (4 characters or more), or `latest`.
    """


@click.command("list")
@click.option("--workflow", help="Only executions of the workflow with this id.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([str(status) for status in ExecutionStatus]),
    help="Repeatable.",
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_(workflow: str | None, statuses: Sequence[str], limit: int, as_json: bool) -> None:
    """List executions, newest first."""
    from orchestrator import app
    from orchestrator.cli.details import status_of
    from orchestrator.lifecycle import report

    settings = repository_settings()
    with app.offline(settings) as services:
        search = partial(
            services.store.executions,
            workflow_id=workflow,
            statuses=[ExecutionStatus(status) for status in statuses],
            limit=limit,
        )
        # Asked first: an execution that ends meanwhile, and its process tree with it, was not interrupted.
        gone = _owned_by_nobody(settings, search())
        found = search()
        if as_json:
            shown = [
                report.as_json(report.view(services, execution.id)) | {"interrupted": _interrupted(execution, gone)}
                for execution in found
            ]
            click.echo(printable_json(shown))
            return
        now = services.clock.now()
    if not found:
        Console.stderr().line("There are no such executions here." if workflow or statuses else "Nothing has run here.")
        return
    rows = [
        (
            execution.id,
            execution.workflow_id,
            f"#{execution.number}",
            status_of(execution, _interrupted(execution, gone)),
            "" if _interrupted(execution, gone) else _took(execution, now),
            f"{execution.created_at:%Y-%m-%d %H:%M} UTC",
        )
        for execution in found
    ]
    Console.stdout().table(("EXECUTION", "WORKFLOW", "NUMBER", "STATUS", "TOOK", "CREATED"), rows)


@click.command()
@REFERENCE
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, as the REST API shows it.")
def show(execution: str, as_json: bool) -> None:
    """Show an execution and its nodes."""
    from orchestrator import app
    from orchestrator.cli import details
    from orchestrator.lifecycle import report
    from orchestrator.lifecycle.resume import owes
    from orchestrator.queue.instance import dead

    settings = repository_settings()
    with app.offline(settings) as services:
        found = services.store.find(execution)
        # Asked first: an execution that ends meanwhile, and its process tree with it, was not interrupted.
        gone = _owned_by_nobody(settings, [found])
        seen = report.view(services, found.id)
        owed = seen.execution.status.ended and owes(services, seen.execution)
    interrupted = _interrupted(seen.execution, gone)
    if as_json:
        click.echo(printable_json(report.as_json(seen) | {"interrupted": interrupted}))
    else:
        details.show(seen, Console.stdout(), interrupted=interrupted)
        if owed and dead(settings.home_dir, [found.instance]):
            end = f"Its processes died before all was done for it: mycelium executions resume {found.id}"
            Console.stdout().line(f"\n{end}")


@click.command()
@REFERENCE
@click.option("--node", help="Only this node (its id, or one of its runs such as `test (3.11)`).")
@click.option("--level", type=click.Choice([str(level) for level in Level]), help="Lines of this level and above.")
@click.option("--search", default="", help="Lines that contain this text, in any case.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def logs(execution: str, node: str | None, level: str | None, search: str, as_json: bool) -> None:
    """Print the log of an execution."""
    from orchestrator import app
    from orchestrator.lifecycle.log_reading import lines

    with app.offline(repository_settings()) as services:
        found = lines(
            services,
            services.store.find(execution).id,
            node=node,
            level=Level(level) if level else None,
            query=search,
        )
        for line in found:
            click.echo(printable_json(_line(line), indent=None) if as_json else _text(line))


@click.command()
@REFERENCE
def fetch(execution: str) -> None:
    """Make the result of an execution a branch of this repository, and print its name.

    For executions of other machines: where workers are started apart, the branch is in the repository of the scheduler.
    """
    from orchestrator import app
    from orchestrator.lifecycle import finish

    with app.offline(repository_settings()) as services:
        click.echo(finish.fetch(services, services.store.find(execution).id))


@click.command()
@click.argument("execution")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def record(execution: str, folder: Path) -> None:
    """Write the transcripts of an execution that was started with `run --record`, as far as it has come."""
    from orchestrator import app
    from orchestrator.cli.transcripts import write_transcripts

    with app.offline(repository_settings()) as services:
        click.echo(write_transcripts(services, services.store.find(execution).id, folder))


def _owned_by_nobody(settings: Settings, executions: Iterable[Execution]) -> set[str]:
    """The instances among the owners of `executions` whose process tree has died."""
    from orchestrator.queue.instance import dead

    return dead(settings.home_dir, {execution.instance for execution in executions if not execution.status.ended})


def _interrupted(execution: Execution, gone: Collection[str]) -> bool:
    """One that waits for a person needs nobody until the person comes."""
    at_rest = execution.status.ended or execution.status is ExecutionStatus.WAITING
    return not at_rest and execution.instance in gone


def _took(execution: Execution, now: datetime) -> str:
    seconds = span_seconds(execution.started_at, execution.completed_at, now)
    return "" if seconds is None else human_duration(seconds)


def _text(line: LogLine) -> str:
    attempt = f" (attempt {line.attempt})" if line.attempt > 1 else ""
    level = "" if line.level is Level.INFO else f" {line.level.value}:"
    return printable(f"{line.at:%H:%M:%S} {line.key}{attempt} |{level} {line.text}")


def _line(line: LogLine) -> dict[str, object]:
    return {
        "id": line.id,
        "node_id": line.key,
        "timestamp": line.at.isoformat().replace("+00:00", "Z"),
        "level": line.level.value,
        "message": line.text,
        "metadata": {"stream": line.stream, "attempt": line.attempt, "error_code": line.error_code},
    }
