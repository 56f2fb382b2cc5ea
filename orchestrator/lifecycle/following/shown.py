"""Waiting until GitHub shows the last state of an execution."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from orchestrator.errors import Unavailable
from orchestrator.execution.showing import Showing
from orchestrator.lifecycle.services import Services

PATIENCE_SECONDS: Final = 15.0
"""How long GitHub may not move at all."""

MOST_SECONDS: Final = 180.0
"""How long it may take in all: one write a second, and a check run for each node."""

LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where GitHub shows an execution: `url` is empty where it does not. `trouble` is why not all of it is there."""

    url: str
    behind: bool
    trouble: str


def until_shown(
    services: Services,
    execution_id: str,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Place | None:
    """Wait until GitHub shows the execution as it is, for as long as it comes closer to that; where it does then.

    None where nothing is to be shown. Others do the work: the control loop's side of the process tree. Interrupting
    this ends the waiting.
    """
    showing = _showing(services, execution_id)
    if showing is None:
        return None
    github = services.github
    if github is None or github.repository.lower() != showing.target.repository.lower():
        if not showing.behind:
            return None
        return Place(url="", behind=True, trouble=f"there is no access to {showing.target.repository} here")
    began = moved = monotonic()
    seen = _progress(services, execution_id)
    while showing.behind and monotonic() < min(began + MOST_SECONDS, moved + PATIENCE_SECONDS):
        sleep(LOOK_SECONDS)
        showing = _showing(services, execution_id) or showing
        if (now := _progress(services, execution_id)) != seen:
            seen, moved = now, monotonic()
    return Place(url=_url(showing, github.url), behind=showing.behind, trouble=showing.trouble)


def _url(showing: Showing, base: str) -> str:
    target = showing.target
    if "comment" not in showing.refused and target.number is not None:
        return f"{base}/pull/{target.number}"
    if not {"check", "status"} <= set(showing.refused) and target.head_sha:
        return f"{base}/commit/{target.head_sha}"
    return ""


def _showing(services: Services, execution_id: str) -> Showing | None:
    """None where nothing is shown, and where the database is away: then that is told elsewhere."""
    try:
        return services.store.showing(execution_id)
    except Unavailable:
        return None


def _progress(services: Services, execution_id: str) -> object:
    """What GitHub has taken; that something was begun is no progress."""
    try:
        return [replace(thing, begun=False) for thing in services.store.shown(execution_id) if thing.digest]
    except Unavailable:
        return None
