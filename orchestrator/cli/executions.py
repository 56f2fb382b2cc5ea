"""`mycelium executions`: the history of this repository's executions, and control over them."""

from __future__ import annotations

from collections.abc import Sequence

import click

from orchestrator.cli.console import Console, printable, printable_json
from orchestrator.cli.lazy import LazyGroup, Verb
from orchestrator.cli.place import repository_settings
from orchestrator.execution.state import ExecutionStatus, Level, LogLine
from orchestrator.report.duration import human_duration, span_seconds
from orchestrator.report.view import ExecutionView

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
    from orchestrator.lifecycle import report

    with app.offline(repository_settings()) as services:
        wanted = [ExecutionStatus(status) for status in statuses]
        found = services.store.executions(workflow_id=workflow, statuses=wanted, limit=limit)
        if as_json:
            shown = [report.as_json(report.view(services, execution.id)) for execution in found]
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
            execution.status.value,
            _took(span_seconds(execution.started_at, execution.completed_at, now)),
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
    from orchestrator.lifecycle import report

    with app.offline(repository_settings()) as services:
        seen = report.view(services, services.store.find(execution).id)
    if as_json:
        click.echo(printable_json(report.as_json(seen)))
    else:
        _show(seen, Console.stdout())


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


def _show(seen: ExecutionView, console: Console) -> None:
    from orchestrator.report.attention import decisions
    from orchestrator.report.figures import replay_notice, run_seconds, sentence

    execution = seen.execution
    console.line(f"{console.styled(execution.workflow_name, bold=True)} #{execution.number}  {execution.id}")
    console.line(f"{execution.status.value}: {printable(sentence(seen))}")
    if seen.replayed:
        console.line(replay_notice(seen))
    if execution.result_branch:
        console.line(f"Branch {printable(execution.result_branch)}")
    console.line()
    rows = [
        (run.key, run.status.value, _took(run_seconds(run, seen)), run.error_code or "", _message(run.outcome))
        for run in seen.runs
    ]
    console.table(("NODE", "STATUS", "TOOK", "ERROR", "MESSAGE"), rows)
    for decision in decisions(seen):
        console.line()
        console.line(printable(decision.question))
        console.line(f"  {decision.approve}")


def _message(outcome: object) -> str:
    message = getattr(outcome, "message", "")
    return message.splitlines()[0] if message else ""


def _took(seconds: float | None) -> str:
    return "" if seconds is None else human_duration(seconds)


def _text(line: LogLine) -> str:
    level = "" if line.level is Level.INFO else f" {line.level.value}:"
    return printable(f"{line.at:%H:%M:%S} {line.key} |{level} {line.text}")


def _line(line: LogLine) -> dict[str, object]:
    return {
        "id": line.id,
        "node_id": line.key,
        "timestamp": line.at.isoformat().replace("+00:00", "Z"),
        "level": line.level.value,
        "message": line.text,
        "metadata": {"stream": line.stream, "attempt": line.attempt, "error_code": line.error_code},
    }
