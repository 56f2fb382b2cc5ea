"""`mycelium plan`: what a workflow would run, and what has changed in it."""

from __future__ import annotations

import click

from orchestrator.cli import outline_formats
from orchestrator.cli.console import Console
from orchestrator.cli.outline import Outline, outline
from orchestrator.cli.place import current_settings
from orchestrator.cli.workflow_files import load
from orchestrator.errors import BadInput
from orchestrator.settings import Settings

_RENDERINGS = {
    "mermaid": outline_formats.as_mermaid,
    "json": outline_formats.as_json,
    "dot": outline_formats.as_dot,
}


@click.command()
@click.argument("workflow", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", *_RENDERINGS, "markdown")),
    default="text",
    show_default=True,
    help="Text for people, JSON for programs, or a graph; markdown, of changes, for a summary on GitHub.",
)
@click.option("--against", metavar="REF", help="Show what differs from this branch, tag or commit.")
def plan(workflow: str | None, form: str, against: str | None) -> None:
    """Show what a workflow would run, in which order; or what has changed.

    WORKFLOW is a file, the id of a workflow of this repository (its path in the workflows folder, without suffix), or
    a template that ships (`template:code-review`).
    With --against it may be left out: then every workflow, agent and the project file is compared. Nothing is run.
    """
    settings = current_settings()
    if against is not None:
        _compare(settings, against, workflow, form)
        return
    if workflow is None:
        raise BadInput("plan needs a WORKFLOW", hint="name a file or an id, or compare all of them: --against REF")
    planned: Outline = outline(load(settings, workflow))
    if form == "text":
        outline_formats.show(planned, Console.stdout())
    elif form == "markdown":
        raise BadInput("only changes can be shown as markdown", hint="add --against REF")
    else:
        click.echo(_RENDERINGS[form](planned))


def _compare(settings: Settings, ref: str, workflow: str | None, form: str) -> None:
    from orchestrator.cli import change_formats, changed

    changes = changed.since(settings, ref, workflow)
    match form:
        case "text":
            change_formats.show(changes, Console.stdout())
        case "mermaid":
            click.echo(change_formats.as_mermaid(changes))
        case "json":
            click.echo(change_formats.as_json(changes))
        case "markdown":
            click.echo(change_formats.as_markdown(changes))
        case _:
            raise BadInput(f"--against cannot be shown as {form}", hint="take text, mermaid, json or markdown")
