"""`mycelium worker`: RQ workers that run nodes of executions started elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import click

from orchestrator.cli.console import Console
from orchestrator.cli.place import current_settings
from orchestrator.cli.supervision import try_shared
from orchestrator.queue.supervisor import Plan, stay


@click.command()
@click.option("--concurrency", type=click.IntRange(1, 256), help="How many workers; MYCELIUM_CONCURRENCY by default.")
@click.option("--queue", "queues", multiple=True, default=("default",), show_default=True, help="Repeatable.")
def worker(concurrency: int | None, queues: Sequence[str]) -> None:
    """Run nodes of executions that were started with `mycelium run --detach`.

    Needs MYCELIUM_REDIS_URL and the same database as the others, and `mycelium scheduler` somewhere. Ends on SIGTERM
    or Ctrl-C, after giving back what it runs.
    """
    from orchestrator import app

    settings = current_settings()
    count = concurrency or settings.concurrency
    try_shared(settings)
    plan = Plan(
        link=app.shared_link(settings, tuple(queues)),
        workers=count,
        embedded=False,
        control=False,
        preload=app.preload(settings),
        log_level=settings.log_level,
        log_format=settings.log_format,
    )
    many = "1 worker" if count == 1 else f"{count} workers"
    Console.stderr().line(f"{many} for {', '.join(queues)}. Stop with Ctrl-C.")
    stay(plan)
