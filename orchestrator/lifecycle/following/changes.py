"""Waiting until GitHub shows what an event changes in workflows, whether or not anything started."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from orchestrator.execution.showing import Proposal
from orchestrator.lifecycle.following.shown import LOOK_SECONDS, MOST_SECONDS, PATIENCE_SECONDS
from orchestrator.lifecycle.services import Services

TOO_LONG: Final = "it takes too long"


def until_changes_shown(
    services: Services,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
    interrupted: Callable[[], bool] = lambda: False,
) -> dict[str, str]:
    """Wait until GitHub shows all that this instance has to show, for as long as it comes closer to that; of what it
    does not show why not, by subject (`pull/7`).

    Others do the work, or `sleep` does, where nobody else is there. Nothing to show costs nothing.
    """
    began = moved = monotonic()
    behind = _behind(services)
    known, seen = dict(behind), _progress(behind)
    while behind and not interrupted() and monotonic() < min(began + MOST_SECONDS, moved + PATIENCE_SECONDS):
        sleep(LOOK_SECONDS)
        behind = _behind(services)
        known |= behind
        if (now := _progress(behind)) != seen:
            seen, moved = now, monotonic()
    troubles = ((subject, _trouble(services, each)) for subject, each in known.items())
    return {subject: trouble for subject, trouble in troubles if trouble}


def _behind(services: Services) -> dict[str, Proposal]:
    """Those of the repository that this process can reach."""
    github = services.github
    if github is None:
        return {}
    ours = github.repository.lower()
    found = services.store.proposals(services.instance)
    return {each.subject: each for each in found if each.repository.lower() == ours}


def _progress(behind: dict[str, Proposal]) -> object:
    """What GitHub has taken; that something was begun is no progress."""
    return [replace(thing, begun=False) for each in behind.values() for thing in each.shown if thing.digest]


def _trouble(services: Services, proposal: Proposal) -> str:
    now = services.store.proposal(proposal.repository, proposal.subject) or proposal
    return now.trouble or TOO_LONG * now.behind
