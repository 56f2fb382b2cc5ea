"""The last state reaches GitHub before a command ends, or the command says that it did not."""

from __future__ import annotations

import time
from collections.abc import Callable

from orchestrator.cli.console import Console, printable
from orchestrator.lifecycle.following.shown import until_shown
from orchestrator.lifecycle.services import Services


def flush(
    services: Services,
    execution_id: str,
    console: Console,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Wait until GitHub shows the execution as it is, for as long as it comes closer to that, and say where it does."""
    place = until_shown(services, execution_id, monotonic=monotonic, sleep=sleep)
    if place is None:
        return
    if place.behind:
        why = printable(place.trouble) or "it takes too long"
        console.line(f"  github        not up to date: {why}")
        console.line(f"                later: mycelium executions resume {execution_id}")
        return
    if place.trouble:
        console.line(f"  github        not all of it can be shown: {printable(place.trouble)}")
    if place.changes:
        console.line(f"  github        what changes in workflows is not all shown: {printable(place.changes)}")
    if place.url:
        console.line(f"  github        {place.url}")
