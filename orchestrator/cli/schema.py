"""`mycelium schema`: the JSON Schema of workflow files, for editors."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of workflow files.

    Editors complete and check with it; in VS Code's YAML extension, for one, it goes into `yaml.schemas`.
    """
    from orchestrator.definition.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
