"""`mycelium scheduler`: the control loop of executions whose workers are started apart."""

from __future__ import annotations

import click

from orchestrator.cli.console import Console
from orchestrator.cli.place import current_settings
from orchestrator.cli.supervision import try_shared
from orchestrator.queue.supervisor import Plan, stay


@click.command()
def scheduler() -> None:
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
    stay(plan)
