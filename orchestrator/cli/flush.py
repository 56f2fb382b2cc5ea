"""The last state reaches GitHub before a command ends, or the command says that it did not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from orchestrator.cli.console import Console, printable
from orchestrator.errors import Unavailable
from orchestrator.execution.showing import Showing
from orchestrator.lifecycle.services import Services

PATIENCE_SECONDS: Final = 15.0
"""How long GitHub may not move at all."""

MOST_SECONDS: Final = 180.0
"""How long it may take in all: one write a second, and a check run for each node."""

LOOK_SECONDS: Final = 0.2


def flush(
    services: Services,
    execution_id: str,
    console: Console,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Wait until GitHub shows the execution as it is, for as long as it comes closer to that, and say where it does.

    Others do the work: the control loop's side of the process tree. Interrupting this ends the waiting.
    """
    showing = _showing(services, execution_id)
    if showing is None:
        return
    github = services.github
    if github is None or github.repository.lower() != showing.target.repository.lower():
        _say(console, replace(showing, trouble=f"there is no access to {showing.target.repository} here"), "")
        return
    began = moved = monotonic()
    seen = _progress(services, execution_id)
    while showing and showing.behind and monotonic() < min(began + MOST_SECONDS, moved + PATIENCE_SECONDS):
        sleep(LOOK_SECONDS)
        showing = _showing(services, execution_id) or showing
        if (now := _progress(services, execution_id)) != seen:
            seen, moved = now, monotonic()
    if showing:
        _say(console, showing, github.url)


def _say(console: Console, showing: Showing, url: str) -> None:
    target = showing.target
    if not url and not showing.behind:
        return
    if showing.behind:
        why = printable(showing.trouble) or "it takes too long"
        console.line(f"  github        not up to date: {why}")
        console.line(f"                later: mycelium executions resume {showing.execution_id}")
        return
    if showing.trouble:
        console.line(f"  github        not all of it can be shown: {printable(showing.trouble)}")
    if "comment" not in showing.refused and target.number is not None:
        console.line(f"  github        {url}/pull/{target.number}")
    elif not {"check", "status"} <= set(showing.refused) and target.head_sha:
        console.line(f"  github        {url}/commit/{target.head_sha}")


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
