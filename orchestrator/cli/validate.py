"""`mycelium validate`: every problem of every workflow file at once."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli import problem_formats
from orchestrator.cli.console import Console, printable
from orchestrator.cli.place import current_settings, shown
from orchestrator.cli.streams import say_command
from orchestrator.cli.workflow_files import Collection, collect
from orchestrator.errors import ExitCode
from orchestrator.settings import Settings


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "github", "json", "sarif")),
    default="text",
    show_default=True,
    help="How problems are printed; github makes annotations in Actions, sarif is for code scanning.",
)
def validate(paths: tuple[Path, ...], form: str) -> int:
    """Find every problem of every workflow file.

    PATH is a file, a folder with files below it, or a template that ships; without one, all files of the workflows
    folder are checked. Ends with 2 when there is a problem.
    """
    settings = current_settings()
    collection = collect(settings, paths)
    if not collection.files:
        _say_none(settings, paths)
    if form == "text":
        _show(collection)
    else:
        _print(collection, form)
    return ExitCode.BAD_INPUT if collection.problems else ExitCode.COMPLETED


def _print(collection: Collection, form: str) -> None:
    match form:
        case "github":
            say_command(problem_formats.as_github(collection.problems))
            return
        case "sarif":
            text = problem_formats.as_sarif(collection.problems)
        case _:
            text = problem_formats.as_json(collection.problems, collection.files)
    click.echo(text)


def _say_none(settings: Settings, paths: tuple[Path, ...]) -> None:
    folder = shown(settings.workflows_path)
    console = Console.stderr()
    if paths or settings.workflows_path.is_dir():
        console.line(printable(f"There are no workflow files in {', '.join(map(str, paths)) or folder}."))
    else:
        console.line(f"There is no folder {folder}. To check a file elsewhere: mycelium validate FILE")


def _show(collection: Collection) -> None:
    console = Console.stdout()
    for problem in collection.problems:
        console.problem(problem)
    looked_at = len({*collection.files, *collection.broken})
    files = f"{looked_at} file{'' if looked_at == 1 else 's'}"
    if collection.problems:
        count = len(collection.problems)
        summary = f"{count} problem{'' if count == 1 else 's'} in {len(collection.broken)} of {files}"
        console.line(console.styled(summary, fg="red", bold=True))
    elif collection.files:
        console.line(console.styled(f"{files} without problems", fg="green"))
