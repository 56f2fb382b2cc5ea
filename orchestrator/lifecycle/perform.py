"""The outbox: what a committed change demands of the world outside the store.

Effects are performed right after their commit by whoever wrote them, and again by the control loop where that process
died. So each may happen twice, and none does harm by it. Those of one execution keep their order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

from orchestrator.errors import MyceliumError, Unavailable
from orchestrator.lifecycle import finish
from orchestrator.lifecycle.notice import Notice, tell
from orchestrator.lifecycle.ports import StoredEffect
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.transition import Transition, transition

_LOG = logging.getLogger(__name__)
_PAGE: Final = 100


@contextmanager
def changing(services: Services, execution_id: str) -> Iterator[Transition]:
    """Lock an execution, change it, commit, and perform the effects."""
    with transition(services, execution_id) as change:
        yield change
    if change.performs:
        perform(services, execution_id)


def perform(services: Services, execution_id: str) -> bool:
    """Perform an execution's outbox until it is empty; false where an effect could not be performed now.

    What remains is left to the control loop, which comes back to it. The change itself is committed, so that a store
    which has gone away since is no error of it.
    """
    try:
        while rows := _page(services, execution_id):
            if not _performed(services, execution_id, rows):
                return False
    except Unavailable as error:
        _LOG.warning("the outbox of execution %s waits: %s", execution_id, error)
        return False
    return True


def _performed(services: Services, execution_id: str, rows: Sequence[StoredEffect]) -> bool:
    done: list[int] = []
    try:
        for row in rows:
            if row.effect.kind == "finish" and not services.branches:
                services.wake.control()
                return False
            EFFECTS[row.effect.kind](services, row)
            done.append(row.id)
    except MyceliumError as error:
        _LOG.warning("%s of execution %s waits: %s", row.effect.kind, execution_id, error)
        return False
    finally:
        _remove(services, done)
    return True


def _page(services: Services, execution_id: str) -> list[StoredEffect]:
    return services.store.effects(instance=services.instance, limit=_PAGE, execution_id=execution_id)


def _remove(services: Services, effects: list[int]) -> None:
    if not effects:
        return
    with services.store.begin() as tx:
        for effect_id in effects:
            tx.remove_effect(effect_id)


def _tell(services: Services, row: StoredEffect) -> None:
    tell(services, row.execution_id, Notice(**cast("dict[str, Any]", row.effect.payload)))


def _cascade(services: Services, row: StoredEffect) -> None:
    """Go on with a cascade; the row goes in the same transaction, because counting down twice would be wrong."""
    with transition(services, row.execution_id) as change:
        waiting = change.tx.effects(instance=services.instance, limit=_PAGE, execution_id=row.execution_id)
        if row.id not in {each.id for each in waiting}:
            return
        indexes = cast("list[int]", row.effect.payload["indexes"])
        change.spread([change.tx.run(row.execution_id, index) for index in indexes])
        change.tx.remove_effect(row.id)


def _finish(services: Services, row: StoredEffect) -> None:
    finish.finish(services, row.execution_id)


EFFECTS: Final[Mapping[str, Callable[[Services, StoredEffect], None]]] = {
    "cascade": _cascade,
    "finish": _finish,
    "tell": _tell,
}
