"""`mycelium scheduler`: the control loop of executions whose workers are started apart."""

from __future__ import annotations

import click

from orchestrator.cli.console import Console
from orchestrator.cli.place import current_settings
from orchestrator.cli.supervision import try_shared, until_stopped
from orchestrator.queue.supervisor import Plan


@click.command()
@click.pass_context
def scheduler(ctx: click.Context, /) -> None:
    """Keep executions moving: retries, time-outs of approvals, lost workers.

    Needs MYCELIUM_REDIS_URL. Several may run; one of them leads at a time. Ends on SIGTERM or Ctrl-C.
    """
    from orchestrator import app

    settings = current_settings()
    try_shared(settings)
    plan = Plan(
        link=app.shared_link(settings, ()),
        workers=0,
        embedded=False,
        preload=app.preload(settings),
        log_level=settings.log_level,
        log_format=settings.log_format,
    )
    Console.stderr().line("Keeping executions moving. Stop with Ctrl-C.")
    ctx.exit(until_stopped(plan))
