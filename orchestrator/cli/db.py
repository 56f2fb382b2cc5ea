"""`mycelium db`: the database that executions are kept in."""

from __future__ import annotations

import click

from orchestrator.cli.place import current_settings


@click.group()
def db() -> None:
    """Upgrade the database that executions are kept in."""


@db.command()
def upgrade() -> None:
    """Create the database, or bring it to this version's revision.

    A SQLite file is copied to the home folder's backups before it is changed, and `mycelium` upgrades it by itself.
    PostgreSQL is changed by this command alone: stop the workers first.
    """
    from orchestrator.store.opening import upgrade_store

    settings = current_settings()
    settings.home_dir.mkdir(parents=True, exist_ok=True)
    revision = upgrade_store(settings.database_url, home=settings.home_dir)
    click.echo(f"The database has revision {revision}.")
