"""The coding agents that workflows of this job need and nobody has installed, installed.

What can be foreseen is installed by a step of its own, and kept in the cache before anything of the repository runs:
what a node leaves in a folder must never come back to a later job.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from action import agents, place
from action.foreseen import foreseen, runs_nothing
from action.step import Step
from orchestrator.definition.model import Workflow
from orchestrator.errors import ExitCode, SetupError


def find_agents(step: Step) -> int:
    """Say which will be needed: outputs `folder`, where they belong; `versions`, where they are not there yet; and
    `key`, where those are ones that stay what they are."""
    named = agents.needed(foreseen(step), step.inputs.inputs)
    versions = agents.versions(agents.missing(named, os.environ["PATH"]), step.inputs.agents)
    if not versions:
        return ExitCode.COMPLETED
    folder = place.agents_folder(step.job) / agents.key(versions)
    step.job.put("folder", str(folder))
    if agents.missing(versions, str(agents.programs_of(folder))):
        step.job.put("versions", "\n".join(f"{name}={version}" for name, version in versions.items()))
        step.job.put("key", f"mycelium-agents-{agents.key(versions)}" if agents.are_exact(versions) else "")
    return ExitCode.COMPLETED


def install_found(step: Step) -> int:
    """Install those that the step before has found, which are the inputs of this one."""
    if _install(step, step.inputs.agents, Path(os.environ[place.AGENTS])):
        step.job.put("installed", "true")
    return ExitCode.COMPLETED


def install_agents(step: Step, workflows: Iterable[Workflow]) -> None:
    """Install what nobody has foreseen. A node whose agent is missing all the same says so itself."""
    if runs_nothing(step.job):
        return
    wanted = agents.missing(agents.needed(workflows, step.inputs.inputs), os.environ["PATH"])
    if wanted:
        _install(step, agents.versions(wanted, step.inputs.agents), place.agents_folder(step.job) / place.UNFORESEEN)


def _install(step: Step, versions: Mapping[str, str], folder: Path) -> bool:
    began = time.monotonic()
    try:
        agents.install(versions, folder)
    except SetupError as error:
        step.log.error(str(error), title="Mycelium")
        return False
    names = ", ".join(f"{name} {version}" for name, version in versions.items())
    step.log.line(f"Installed {names} in {time.monotonic() - began:.1f} s.")
    return True
