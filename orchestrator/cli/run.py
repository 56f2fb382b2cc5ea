"""`mycelium run`: a workflow on this repository, on embedded services."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.place import current_settings
from orchestrator.cli.request import Wanted, request


@click.command()
@click.argument("workflow")
@click.option("--input", "inputs", multiple=True, metavar="KEY=VALUE", help="An input of the workflow; repeatable.")
@click.option("--ref", help="Take workflow and code from this branch, tag or commit, not from the checkout.")
@click.option("--event", type=click.Path(path_type=Path), help="A file whose JSON becomes `github.event`.")
@click.option("--event-name", help="The name of that event; told from its payload when not given.")
@click.option("--detach", is_flag=True, help="Leave the work to `mycelium worker`, and do not wait for it.")
@click.option("--approve-unattended", is_flag=True, help="Where there is no terminal to ask in, approve what waits.")
@click.option("--json", "as_json", is_flag=True, help="Print the execution as one JSON object on stdout.")
@click.pass_context
def run(ctx: click.Context, /, *, detach: bool, approve_unattended: bool, as_json: bool, **wanted: Any) -> None:
    """Run a workflow on this repository, and show its progress.

    WORKFLOW is a file, or the id of a workflow of this repository. The checkout is never touched: nodes work on
    copies of it, and the result is a branch. Pages that show the execution are written to .mycelium/site.
    """
    from orchestrator import app
    from orchestrator.cli.carry import Terminal, carry
    from orchestrator.git.discovery import find_root
    from orchestrator.lifecycle.start import start

    settings = current_settings()
    # All that can be wrong with what was asked for is found before anything is started or written.
    find_root(Path.cwd(), os.environ)
    checked = request(settings, app.repository(settings), Wanted(**wanted))
    if detach:
        with app.shared(settings) as services:
            click.echo(start(services, checked).id)
        return
    terminal = Terminal.standard(os.environ, as_json=as_json, approve_unattended=approve_unattended)
    with app.embedded(settings, checked.workflow.queues) as services:
        execution = start(services, checked)
        ctx.exit(carry(services, settings, execution.id, terminal))
