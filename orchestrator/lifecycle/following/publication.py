"""Waiting for what an execution publishes."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Final

from orchestrator.execution.publication import Publication
from orchestrator.lifecycle.services import Services
from orchestrator.report.view import ExecutionView

PATIENCE_SECONDS: Final = 60.0
"""How long what is to go out is waited for after the end."""


def until_published(services: Services, seen: ExecutionView) -> ExecutionView:
    """The view with what became of its publications, once all have gone out or will not for a while."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    found = services.store.publications(seen.execution.id)
    if any(each.pending for each in found):
        with services.events.subscribe(seen.execution.id) as events:
            while _is_worth_waiting(services, found) and time.monotonic() < give_up:
                next(events, None)
                found = services.store.publications(seen.execution.id)
    return replace(seen, publications=tuple(found))


def _is_worth_waiting(services: Services, found: list[Publication]) -> bool:
    soon = services.clock.now() + timedelta(seconds=PATIENCE_SECONDS)
    return any(each.pending and (each.not_before is None or each.not_before < soon) for each in found)
