"""`mycelium site`: the static site that shows executions."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.console import Console, printable
from orchestrator.cli.place import repository_settings, shown


@click.group()
def site() -> None:
    """Build the static site that shows executions."""


@site.command()
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), help="The folder to write; .mycelium/site by default."
)
@click.option("--full", is_flag=True, help="Make every page anew, not only those that changed.")
def build(output: Path | None, full: bool) -> None:
    """Bring the site up to date.

    Files in the folder that the site did not make stay as they are.
    """
    from orchestrator import app
    from orchestrator.site.build import build as build_pages
    from orchestrator.site.stored import StoredExecutions

    settings = repository_settings()
    folder = output or settings.home_dir / "site"
    with app.offline(settings) as services:
        report = build_pages(StoredExecutions(services), folder, full=full)
    count = f"{report.executions} execution{'' if report.executions == 1 else 's'}"
    details = f"{count}, {len(report.built)} built, {report.written} files written"
    Console.stdout().line(printable(f"{shown(report.index)}: {details}"))
