"""`mycelium schema`: the JSON Schemas of workflow files and of `mycelium.yaml`, for editors."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("kind", type=click.Choice(("workflow", "project")), default="workflow")
def schema(kind: str) -> None:
    """Print the JSON Schema of workflow files, or of mycelium.yaml (`project`).

    Editors complete and check with it; in VS Code's YAML extension, for one, it goes into `yaml.schemas`.
    """
    if kind == "project":
        from orchestrator.definition.project_file import project_schema as made
    else:
        from orchestrator.definition.schema import json_schema as made

    click.echo(json.dumps(made(), indent=2, ensure_ascii=False))
