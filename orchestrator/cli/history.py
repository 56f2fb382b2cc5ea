"""`mycelium history`: executions kept in a branch of the repository, for whoever has no server."""

from __future__ import annotations

from datetime import datetime

import click

from orchestrator.cli.console import Console, printable, printable_json
from orchestrator.cli.place import repository_settings
from orchestrator.report.numbers import plural

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")


@click.group()
def history() -> None:
    """Keep executions in a branch of the repository, without a server.

    The branch is that of MYCELIUM_HISTORY_BRANCH, `mycelium-history` by default.
    """


@history.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only those that have not ended.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100_000), help="At most so many.")
@AS_JSON
def list_(only_open: bool, limit: int, as_json: bool) -> None:
    """List what the branch has, newest first, without bringing it here."""
    from orchestrator import app

    settings = repository_settings()
    with app.offline(settings) as services, app.keeping(settings, services) as keeper:
        found = [entry for entry in reversed(keeper.entries()) if entry.open or not only_open][:limit]
    if as_json:
        shown = [
            {
                "id": entry.id,
                "workflow_id": entry.workflow_id,
                "number": entry.number,
                "status": entry.status.value,
                "created_at": _time(entry.created_at),
                "saved_at": _time(entry.saved_at),
                "thread": entry.thread,
                "head": entry.head or None,
                "holder": entry.holder or None,
                "due": _time(entry.due),
            }
            for entry in found
        ]
        click.echo(printable_json(shown))
        return
    if not found:
        Console.stderr().line("The history is empty." if not only_open else "Nothing in the history is open.")
        return
    rows = [
        (
            entry.id,
            printable(entry.workflow_id),
            f"#{entry.number}",
            entry.status.value,
            printable(entry.holder),
            f"{entry.saved_at:%Y-%m-%d %H:%M} UTC",
        )
        for entry in found
    ]
    Console.stdout().table(("EXECUTION", "WORKFLOW", "NUMBER", "STATUS", "RUN BY", "SAVED"), rows)


@history.command()
@click.argument("execution", nargs=-1)
def push(execution: tuple[str, ...]) -> None:
    """Keep executions of this machine in the branch: the latest one, or those that are named."""
    from orchestrator import app

    settings = repository_settings()
    with app.offline(settings) as services, app.keeping(settings, services) as keeper:
        for reference in execution or ("latest",):
            saved = keeper.save(services.store.find(reference).id)
            entry = saved.entry
            done = "is kept" if saved.changed else "was kept already"
            Console.stdout().line(printable(f"{entry.workflow_id} #{entry.number} {entry.id} {done}"))
            for each in saved.left_out:
                Console.stdout().line(printable(f"  {each}"))


@history.command()
@click.argument("execution", required=False)
def pull(execution: str | None) -> None:
    """Bring what the branch has here: one execution, or all of them."""
    from orchestrator import app

    settings = repository_settings()
    with app.offline(settings) as services, app.keeping(settings, services) as keeper:
        pulled = keeper.pull(reference=execution)
    Console.stdout().line(f"{plural(len(pulled), 'execution')} new or changed.")


@history.command()
@click.argument("execution")
def release(execution: str) -> None:
    """Let go of an execution whose holder was killed, or its home folder removed: then anybody may go on with it."""
    from orchestrator import app

    settings = repository_settings()
    with app.offline(settings) as services, app.keeping(settings, services) as keeper:
        before = keeper.release(execution)
    done = f"is released: {before.holder} held it" if before.holder else "was held by nobody"
    Console.stdout().line(printable(f"{before.workflow_id} #{before.number} {before.id} {done}"))


@history.command()
@click.option("--drop-after", type=click.IntRange(1), metavar="DAYS", help="Drop what was saved earlier, if it ended.")
@click.option(
    "--unless-within",
    type=click.IntRange(1),
    default=None,
    metavar="DAYS",
    help="Do nothing if that was done so lately.",
)
def squash(drop_after: int | None, unless_within: int | None) -> None:
    """Make all commits of the branch one; its records stay."""
    from orchestrator import app

    settings = repository_settings()
    with app.offline(settings) as services, app.keeping(settings, services) as keeper:
        done = keeper.squash(drop_after_days=drop_after, unless_within_days=unless_within or 0)
    dropped = f", {len(done.dropped)} dropped" if done.dropped else ""
    state = "The branch has one commit now" if done.done else "Nothing was done"
    Console.stdout().line(f"{state}: {plural(done.records, 'execution')}{dropped}.")


def _time(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
