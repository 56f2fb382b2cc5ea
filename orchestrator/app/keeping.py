"""The history branch, for whoever runs executions without a server: `mycelium history` and the Action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.settings import Settings

if TYPE_CHECKING:
    from orchestrator.lifecycle.archive.keeper import Keeper
    from orchestrator.lifecycle.services import Services


def keeper(settings: Settings, services: Services, *, holder: str = "") -> Keeper:
    """What keeps the executions of `services` in the branch of the settings (`MYCELIUM_HISTORY_BRANCH`).

    It pushes with the settings' credential for GitHub, else to `origin` as the user's own git does. `holder` tells this
    process from all others, as `RUN_ID/ATTEMPT` in Actions; empty for people, who go on with nothing that others hold.
    """
    from orchestrator.lifecycle.archive.keeper import Keeper

    return Keeper(services, holder=holder, branch=settings.history_branch)
