"""The coding agents that the workflows of this job need and nobody has installed, installed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from action import agents, place
from action.step import Step
from orchestrator.definition.model import Workflow
from orchestrator.errors import SetupError


def install_agents(step: Step, workflows: Iterable[Workflow]) -> None:
    """Install them, and say how long that took. A node whose agent is missing all the same says so itself."""
    wanted = agents.missing(agents.needed(workflows, step.inputs.inputs), os.environ["PATH"])
    if not wanted:
        return
    began = time.monotonic()
    try:
        made = agents.install(wanted, step.inputs.agents, place.agents_folder(step.job))
    except SetupError as error:
        step.log.error(str(error), title="Mycelium")
        return
    names = ", ".join(f"{name} {version}" for name, version in made.items())
    step.log.line(f"Installed {names} in {time.monotonic() - began:.1f} s.")
    step.job.put("agents-installed", "true")
