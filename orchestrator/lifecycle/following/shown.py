"""Waiting until GitHub shows the last state of an execution."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from orchestrator.errors import Unavailable
from orchestrator.execution.showing import Proposal, Showing
from orchestrator.lifecycle.services import Services

PATIENCE_SECONDS: Final = 15.0
"""How long GitHub may not move at all."""

MOST_SECONDS: Final = 180.0
"""How long it may take in all: one write a second, and a check run for each node."""

LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where GitHub shows an execution: `url` is empty where it does not. `trouble` is why not all of it is there, and
    `changes` why not all is that its pull request changes in workflows."""

    url: str
    behind: bool
    trouble: str
    changes: str = ""


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
    while _waits(services, showing) and monotonic() < min(began + MOST_SECONDS, moved + PATIENCE_SECONDS):
        sleep(LOOK_SECONDS)
        showing = _showing(services, execution_id) or showing
        if (now := _progress(services, execution_id)) != seen:
            seen, moved = now, monotonic()
    proposal = _proposal(services, showing)
    return Place(
        url=_url(showing, github.url),
        behind=showing.behind,
        trouble=showing.trouble,
        changes=(proposal.trouble or "it takes too long" * proposal.behind) if proposal else "",
    )


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
        shown = services.store.shown(execution_id)
    except Unavailable:
        return None
    showing = _showing(services, execution_id)
    proposal = _proposal(services, showing) if showing else None
    return [replace(thing, begun=False) for thing in (*shown, *(proposal.shown if proposal else ())) if thing.digest]


def _waits(services: Services, showing: Showing) -> bool:
    """Nobody is kept waiting for what is in trouble: the next event may show it."""
    proposal = _proposal(services, showing)
    return showing.behind or bool(proposal and proposal.behind and not proposal.trouble)


def _proposal(services: Services, showing: Showing) -> Proposal | None:
    """What its pull request changes, where this process tree shows that."""
    target = showing.target
    if target.number is None:
        return None
    subject = Proposal(repository=target.repository, number=target.number).subject
    try:
        found = services.store.proposal(target.repository, subject)
    except Unavailable:
        return None
    return found if found and found.instance == services.instance else None
