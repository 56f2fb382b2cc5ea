"""The control loop of a process, with what works beside it."""

from __future__ import annotations

from orchestrator.lifecycle.beside import Beside
from orchestrator.lifecycle.control import ControlLoop
from orchestrator.lifecycle.projection import Projection
from orchestrator.lifecycle.services import Services


def control_loop(services: Services, seat: str) -> ControlLoop:
    """At that seat; where there is GitHub, it is kept up to date beside it."""
    if services.github is None:
        return ControlLoop(services, seat)
    return ControlLoop(services, seat, Beside(Projection(services, services.github).step))
