"""`mycelium plan`: what a workflow would run."""

from __future__ import annotations

import click

from orchestrator.cli import outline_formats
from orchestrator.cli.console import Console
from orchestrator.cli.outline import Outline, outline
from orchestrator.cli.place import current_settings
from orchestrator.cli.workflow_files import load

_RENDERINGS = {
    "mermaid": outline_formats.as_mermaid,
    "json": outline_formats.as_json,
    "dot": outline_formats.as_dot,
}


@click.command()
@click.argument("workflow")
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", *_RENDERINGS)),
    default="text",
    show_default=True,
    help="Text for people, JSON for programs, or a graph.",
)
def plan(workflow: str, form: str) -> None:
    """Show what a workflow would run, in which order.

    WORKFLOW is a file, or the id of a workflow of this repository (its path in the workflows folder, without suffix).
    Nothing is run.
    """
    planned: Outline = outline(load(current_settings(), workflow))
    if form == "text":
        outline_formats.show(planned, Console.stdout())
    else:
        click.echo(_RENDERINGS[form](planned))
