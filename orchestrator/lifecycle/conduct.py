"""The control loop of a process, with what works beside it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from orchestrator.errors import MyceliumError
from orchestrator.lifecycle.beside import Beside
from orchestrator.lifecycle.control import ControlLoop
from orchestrator.lifecycle.services import Services

if TYPE_CHECKING:
    from orchestrator.lifecycle.ports.definitions import Comparison
    from orchestrator.lifecycle.ports.github import GitHub
    from orchestrator.lifecycle.projection.proposals import Proposals

IDLE_SECONDS: Final = 1.0
"""How often the store is asked whether there are changes to show."""


def control_loop(services: Services, seat: str) -> ControlLoop:
    """At that seat. Where there is GitHub, it is kept up to date beside it, what is published is sent there, and events
    are attended to."""
    if services.github is None:
        return ControlLoop(services, seat)
    # What renders takes a while to import, and most executions are shown nowhere.
    from orchestrator.lifecycle.projection.passes import Projection
    from orchestrator.lifecycle.publishing.steps import Publishing

    outward = [Beside(partial(both, Publishing(services).step, Projection(services, services.github).step))]
    if services.comparison:
        # Commits have to be read and compared, and executions are not to wait for that.
        outward.append(Beside(partial(_show_changes, services, services.github, services.comparison, [])))
    if services.definitions is None:
        return ControlLoop(services, seat, *outward)
    # Most processes deal with no events, and need not import what reads workflow files.
    from orchestrator.lifecycle.intake.occasion import Desk
    from orchestrator.lifecycle.intake.reception import Reception

    desk = Desk(services=services, github=services.github, definitions=services.definitions)
    return ControlLoop(services, seat, *outward, Beside(Reception(desk).step))


def _show_changes(services: Services, github: GitHub, comparison: Comparison, made: list[Proposals]) -> float:
    """A step of showing what pull requests change; nothing of it is imported before the first does."""
    if not made:
        if not services.store.proposals(services.instance):
            return IDLE_SECONDS
        from orchestrator.lifecycle.projection.proposals import Proposals

        made.append(Proposals(services, github, comparison))
    return made[0].step()


def both(*steps: Callable[[], float]) -> float:
    """Each of them, also after the other failed; when the first one wants to be called again."""
    pauses: list[float] = []
    trouble: MyceliumError | None = None
    for step in steps:
        try:
            pauses.append(step())
        except MyceliumError as error:
            trouble = trouble or error
    if trouble:
        raise trouble
    return min(pauses)
