"""The table of all verbs, and the options that stand before one."""

from __future__ import annotations

import os

import click

from orchestrator import __version__
from orchestrator.cli.exit import DEBUG_VARIABLE
from orchestrator.cli.lazy import LazyGroup, Verb

SECTIONS = {
    "Commands": {
        "init": Verb(
            target="orchestrator.cli.init.command:init",
            summary="Set a repository up: workflows of the gallery, and the file that has GitHub Actions run them.",
        ),
        "run": Verb(
            target="orchestrator.cli.run:run", summary="Run a workflow on this repository, and show its progress."
        ),
        "validate": Verb(
            target="orchestrator.cli.validate:validate", summary="Find every problem of every workflow file."
        ),
        "plan": Verb(
            target="orchestrator.cli.plan:plan",
            summary="Show what a workflow would run, in which order; or what has changed.",
        ),
        "explain": Verb(
            target="orchestrator.cli.explain:explain", summary="Say why an event would start each workflow, or not."
        ),
        "executions": Verb(
            target="orchestrator.cli.executions:executions",
            summary="Look at the executions of this repository, and control them.",
        ),
        "site": Verb(target="orchestrator.cli.site:site", summary="Build the static site that shows executions."),
        "doctor": Verb(
            target="orchestrator.cli.doctor:doctor", summary="Check everything Mycelium needs on this machine."
        ),
    },
    "Operating": {
        "agents": Verb(target="orchestrator.cli.agents:agents", summary="List, show and search the agent library."),
        "schema": Verb(
            target="orchestrator.cli.schema:schema",
            summary="Print the JSON Schema of workflow files, or of mycelium.yaml (`project`).",
        ),
        "worker": Verb(
            target="orchestrator.cli.worker:worker",
            summary="Run nodes of executions that were started with `mycelium run --detach`.",
        ),
        "scheduler": Verb(
            target="orchestrator.cli.scheduler:scheduler",
            summary="Keep executions moving: retries, time-outs of approvals, lost workers.",
        ),
        "serve": Verb(target="orchestrator.cli.serve:serve", summary="Serve HTTP: whether this instance is healthy."),
        "history": Verb(
            target="orchestrator.cli.history:history",
            summary="Keep executions in a branch of the repository, without a server.",
        ),
        "db": Verb(target="orchestrator.cli.db:db", summary="Upgrade the database that executions are kept in."),
    },
}


@click.group(
    cls=LazyGroup, sections=SECTIONS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show tracebacks and log everything.")
def mycelium(debug: bool) -> None:
    """Multi-agent workflows for git repositories: run them, look at them, operate them."""
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"
