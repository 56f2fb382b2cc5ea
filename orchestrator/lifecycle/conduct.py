"""The control loop of a process, with what works beside it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from orchestrator.errors import MyceliumError
from orchestrator.lifecycle.beside import Beside
from orchestrator.lifecycle.control import ControlLoop
from orchestrator.lifecycle.services import Services


def control_loop(services: Services, seat: str) -> ControlLoop:
    """At that seat. Where there is GitHub, it is kept up to date beside it, what is published is sent there, and events
    are attended to."""
    if services.github is None:
        return ControlLoop(services, seat)
    # What renders takes a while to import, and most executions are shown nowhere.
    from orchestrator.lifecycle.projection.passes import Projection
    from orchestrator.lifecycle.publishing.steps import Publishing

    steps = [Publishing(services).step, Projection(services, services.github).step]
    if services.comparison:
        from orchestrator.lifecycle.projection.proposals import Proposals

        steps.append(Proposals(services, services.github, services.comparison).step)
    outward = Beside(partial(both, *steps))
    if services.definitions is None:
        return ControlLoop(services, seat, outward)
    # Most processes deal with no events, and need not import what reads workflow files.
    from orchestrator.lifecycle.intake.occasion import Desk
    from orchestrator.lifecycle.intake.reception import Reception

    desk = Desk(services=services, github=services.github, definitions=services.definitions)
    return ControlLoop(services, seat, outward, Beside(Reception(desk).step))


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
