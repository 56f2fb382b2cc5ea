"""The steps of publishing, one after the other: send what is due, and look now and then what became of it."""

from __future__ import annotations

from typing import Final

from orchestrator.lifecycle.services import Services

LOOK_SECONDS: Final = 60.0
"""How often it looks what became of what was published; the first time so long after it began."""

IDLE_SECONDS: Final = 1.0


class Publishing:
    """Of the executions of one instance; lives as long as its process, and may die at any time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._looked_at = services.clock.monotonic()

    def step(self) -> float:
        """One pass; the seconds after which it wants to be called again at the latest."""
        services = self._services
        if services.store.due_publications(services.instance, services.clock.now(), limit=1):
            from orchestrator.lifecycle.publishing.deliver import deliver_due  # most executions publish nothing

            deliver_due(services)
        self._look_after()
        return IDLE_SECONDS

    def _look_after(self) -> None:
        now = self._services.clock.monotonic()
        if self._services.github is None or now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        from orchestrator.lifecycle.publishing.fates import look_after  # only where there is a token

        look_after(self._services)
