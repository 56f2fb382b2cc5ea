"""What GitHub is not to show yet: an execution that is to be kept elsewhere first.

Else, where the process dies in between, nobody would know of the execution that GitHub shows for ever as at work.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from orchestrator.lifecycle.ports import Transaction
from orchestrator.lifecycle.services import Services

LONGEST: Final = timedelta(seconds=60)
"""How long GitHub shows nothing at most: what cannot be kept is shown all the same."""


def hold_back(tx: Transaction, execution_id: str, now: datetime) -> None:
    """Show nothing of it before `let_show`, or before the longest time is over."""
    tx.intake.put_mark(_mark(execution_id), now + LONGEST)


def let_show(services: Services, execution_id: str) -> None:
    """Show it from now on."""
    with services.store.begin() as tx:
        if _is_held(tx, execution_id, now := services.clock.now()):
            tx.intake.put_mark(_mark(execution_id), now)


def held_back(services: Services, execution_ids: Collection[str]) -> set[str]:
    """Those of which nothing is to be shown yet."""
    if not execution_ids:
        return set()
    now = services.clock.now()
    with services.store.begin() as tx:
        return {each for each in execution_ids if _is_held(tx, each, now)}


def _is_held(tx: Transaction, execution_id: str, now: datetime) -> bool:
    until = tx.intake.mark(_mark(execution_id))
    return until is not None and until > now


def _mark(execution_id: str) -> str:
    """The mark that tells from when on GitHub shows it."""
    return f"shown from {execution_id}"
