"""The pages of this job's executions, in a folder that the job may publish."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from action.step import Step
from orchestrator.errors import MyceliumError

if TYPE_CHECKING:
    from orchestrator.lifecycle.services import Services


def prepare() -> None:
    """Import and compile what builds pages, while the first nodes are at work."""
    import_module("orchestrator.site.build")
    from orchestrator.site.pages import warm_up

    warm_up()


def built(step: Step, services: Services) -> Path | None:
    """The folder with them. Pages that cannot be built fail no step."""
    from orchestrator.site.build import build
    from orchestrator.site.stored import StoredExecutions

    output = step.job.temporary / "site"
    try:
        build(StoredExecutions(services), output)
    except MyceliumError as error:
        step.log.line(f"There are no pages: {error}")
        return None
    return output
