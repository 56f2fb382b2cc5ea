"""`mycelium run`: a workflow on this repository, on embedded services."""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.place import current_settings
from orchestrator.settings import MOST_CONCURRENCY

if TYPE_CHECKING:
    from orchestrator.definition.model import Workflow
    from orchestrator.lifecycle.services import Services
    from orchestrator.lifecycle.start import StartRequest
    from orchestrator.queue.launch import Supervisor
    from orchestrator.settings import Settings


@click.command()
@click.argument("workflow")
@click.option("--input", "inputs", multiple=True, metavar="KEY=VALUE", help="An input of the workflow; repeatable.")
@click.option("--ref", help="Take workflow and code from this branch, tag or commit, not from the checkout.")
@click.option("--event", type=click.Path(path_type=Path), help="A file whose JSON becomes `github.event`.")
@click.option("--event-name", help="The name of that event; told from its payload when not given.")
@click.option("--detach", is_flag=True, help="Leave the work to `mycelium worker`, and do not wait for it.")
@click.option("--approve-unattended", is_flag=True, help="Where there is no terminal to ask in, approve what waits.")
@click.option("--record", type=click.Path(path_type=Path), metavar="DIR", help="Write what agents do as transcripts.")
@click.option("--json", "as_json", is_flag=True, help="Print the execution as one JSON object on stdout.")
@click.pass_context
def run(ctx: click.Context, /, *, detach: bool, approve_unattended: bool, as_json: bool, **wanted: Any) -> None:
    """Run a workflow on this repository, and show its progress.

    WORKFLOW is a file, the id of a workflow of this repository, or a template that ships (`template:code-review`). The
    checkout is never touched: nodes work on copies of it, and the result is a branch. Pages that show the execution
    are written to .mycelium/site.
    """
    if detach:
        click.echo(_detached(wanted))
        return
    from orchestrator.app import preload
    from orchestrator.queue.launch import launched

    # It imports what workers need while this process imports what it needs itself.
    with launched(preload(current_settings())) as supervisor:
        terminal = {"as_json": as_json, "approve_unattended": approve_unattended}
        ctx.exit(_carried(wanted, supervisor, **terminal))


def _detached(wanted: Mapping[str, Any]) -> str:
    """The id of the execution that others will run."""
    from orchestrator import app
    from orchestrator.lifecycle.start import start

    settings, checked = _checked(wanted)
    with app.shared(settings) as services:
        checked = _of_event(services, checked, wanted)
        started = start(services, checked).id
    if checked.record:
        how = f"mycelium executions record {started} {quote(str(wanted['record']))}"
        click.echo(f"What its agents do is recorded; once they have ended: {how}", err=True)
    return started


def _carried(wanted: Mapping[str, Any], supervisor: Supervisor, **terminal: bool) -> int:
    """Run it here, to its end; the exit code."""
    gc.disable()  # nothing that is imported goes away again
    from orchestrator import app
    from orchestrator.cli.carry import Terminal, carry
    from orchestrator.definition.project import BLACKBOARD
    from orchestrator.lifecycle.start import start

    settings, checked = _checked(wanted)
    here = Terminal.standard(os.environ, **terminal)
    workers = min(settings.concurrency, _useful_workers(checked.workflow))
    workflow, ours = checked.workflow, replace(settings, concurrency=workers)
    with app.embedded(ours, workflow.queues, supervisor, blackboard=BLACKBOARD in workflow.servers) as services:
        gc.freeze()
        gc.enable()
        checked = _of_event(services, checked, wanted)
        return carry(services, settings, start(services, checked).id, here, record=wanted["record"])


def _of_event(services: Services, checked: StartRequest, wanted: Mapping[str, Any]) -> StartRequest:
    """The request with what its event says: the commit to work on, and where it is shown."""
    if wanted["event"] is None:
        return checked
    from orchestrator.cli.pinning import pinned
    from orchestrator.cli.showing import shown_on_github

    return shown_on_github(services, pinned(services, checked, as_it_is=wanted["ref"] is not None))


def _useful_workers(workflow: Workflow) -> int:
    """As many as can be at work at once, and one that takes over where one of them hangs."""
    matrix = any(node.matrix for node in workflow.nodes.values())
    return MOST_CONCURRENCY if matrix else len(workflow.nodes) + 1


def _checked(wanted: Mapping[str, Any]) -> tuple[Settings, StartRequest]:
    """All that can be wrong with what was asked for is found before anything is started or written."""
    from orchestrator import app
    from orchestrator.cli.request import Wanted, request
    from orchestrator.git.discovery import find_root

    settings = current_settings()
    find_root(Path.cwd(), os.environ)
    return settings, request(settings, app.repository(settings), Wanted(**wanted))
